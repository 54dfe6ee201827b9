"""Work beyond one call, and beyond one machine: tiles of pairs, stores that a run goes on from, Dask.

Nothing here is imported from dask, distributed or zarr before it is asked for: ``pip install "earthwork[cluster]"`` brings them.
"""
