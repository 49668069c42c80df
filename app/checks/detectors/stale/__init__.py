"""Facts in answers that change: they belong into retrieval, because weights keep them long after they have changed."""
