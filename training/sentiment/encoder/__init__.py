"""A transformer that others pretrained, as a teacher: it knows words and turns of phrase that no corpus here has."""
