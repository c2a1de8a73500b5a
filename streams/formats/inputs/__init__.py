"""What is read, cut into records: files, archives, compression, encodings, shapes."""
