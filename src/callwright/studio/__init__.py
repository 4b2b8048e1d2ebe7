"""The script studio: drafts that several people write, their checks while they write, talking to them, and the way from a draft to a version
that is spoken (handed in by one person, approved by another, published). docs/adr/0008-a-room-for-drafts.md says why it is a room."""
