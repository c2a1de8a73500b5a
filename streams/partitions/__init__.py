"""What holds the state of a partition: tasks, batches, transactions."""
