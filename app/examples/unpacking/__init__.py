"""Files that must be unpacked before their lines can be read: gzip, parquet, JSON documents, YAML.

A hostile one of a kilobyte can hold gigabytes, so all of it happens in a child process (``child.py``) with a cap on
its memory and a count of every byte that it writes. What comes out is a plain file of lines beside the upload, which
the formats read by position like any other.

Nothing is imported here, so that the child starts quickly.
"""
