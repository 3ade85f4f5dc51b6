"""What writes the generated parts of the documentation: run by `script/docs`, held by the tests.

Law of this package: it reads the code and the pages, and invents nothing. A name without a sentence
that explains it, and a sentence without its name, both end it with an error.
"""
