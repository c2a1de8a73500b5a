"""The second bundled case: what State officials took up after @Khamenei_site was suspended. See README.md."""
