"""The sample city: fictional organisations of every kind, their people, and claims in every state, made by the real actions."""
