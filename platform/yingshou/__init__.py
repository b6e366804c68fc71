"""
The shared package of the platform: what every business module stands on. Layers, from the bottom: kernel (pure rules and
values), tenancy (who acts, and what that actor may see), ui, jobs, audit, documents, approvals, identity, signing,
notifications, home; config and runtime put them together. A layer imports only those below it, and never a business app.
"""
