"""Published Parquet files: layout, chain, storage and repair."""
