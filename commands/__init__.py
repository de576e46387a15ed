"""The sub-commands of `dmpcompat`, a file a subject: options in, calls, words out. Logic is in the other packages."""
