"""The studio: a page in the browser, served on this machine, that does what the commands do.

Nothing is computed in the web layer. What takes long is a job: a process of its own that calls the library
and writes down how it goes (``work``), so that it goes on without a page, and without a server.
"""
