"""Telling people and programs outside the app: by mail to a person, by a signed webhook to a team's channel."""
