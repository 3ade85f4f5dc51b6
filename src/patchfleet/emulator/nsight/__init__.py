"""N-sight as its Data Extraction API shows it, over the emulated world.

Law of this room: it rests on the vendor's pages and on what others observed, each cited where it is
used; what neither says is called a choice.
"""
