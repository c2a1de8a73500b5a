"""The bundled case: a reconstruction of @Khamenei_site's history. README.md says what is real in it and what is not."""
