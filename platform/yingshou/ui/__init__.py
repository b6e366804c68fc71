"""
What people see: the frame, the components, lists, forms, charts and exports that every app renders with.

No business model lives here; what the frame must show of an app is registered by that app (`navigation`, `frame`).
The only table is a person's saved views of lists.
"""
