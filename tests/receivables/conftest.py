import yingshou.notifications.tasks  # noqa: F401  # registered here until the app itself does
