"""Forms of receivables: they parse and phrase; rules and writes are the actions' business."""
