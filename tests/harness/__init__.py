"""What the tests stand on: servers, databases, browser."""
