"""The case of @Khamenei_site."""
