"""The form of an example: does it have the shape that production needs, all of it, and nothing left over?"""
