"""Figures (数据核对): printed figures, how they must fit together, and whether they do.

A printed figure stands for everything that rounds to it: the value, half a unit of its last digit up and down, and
nothing wider. A relation holds when the figures can be met by some choice within those halves. All arithmetic is in
fractions; no figure passes through a float.
"""
