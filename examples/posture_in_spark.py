"""Count findings by customer, severity and state in Spark, from the published files of a record.

`python posture_in_spark.py fleet.published/source=nsight`, or an address that Spark reads.
All findings stand in the last run that was published whole; in each run after it, what began and
what ended. Takes pyspark 4 and Java 17.
"""

import csv
import sys

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

GROUPS = ("customer", "severity", "state")


class Published:
    """The published runs of one source."""

    def __init__(self, spark: SparkSession, root: str) -> None:
        self._spark, self._root = spark, root.rstrip("/")
        self._whole = self.read("findings").agg(f.max("run")).first()[0]

    def read(self, name: str) -> DataFrame:
        """Read the files of one name in all runs, each row with the number of its run."""
        reader = self._spark.read.option("basePath", self._root)
        files = reader.parquet(f"{self._root}/run=*/{name}.parquet")
        return files.withColumn("run", f.col("run").cast("long"))

    def held(self) -> DataFrame:
        """Return every finding as it stood in the last run, on devices that were listed."""
        findings = self.read("findings").where(f.col("run") == self._whole)
        try:
            begun, ended = self._later("begun"), self._later("ended")
        except AnalysisException:  # no run was published but whole: there are no such files
            pass
        else:
            key = ["device_key", "finding_id", "from_run"]
            findings = findings.unionByName(begun).join(ended, key, "left_anti")
        devices = self.read("devices")
        last = devices.agg(f.max("run")).first()[0]
        listed = devices.where((f.col("run") == last) & f.col("scanned_at").isNotNull())
        patches = self.read("patches").where(f.col("run") >= self._whole)
        return findings.join(listed.select("device_key", "customer"), "device_key").join(
            patches.select("patch_id", "severity").distinct(), "patch_id"
        )

    def _later(self, name: str) -> DataFrame:
        return self.read(name).where(f.col("run") > self._whole)


def main() -> None:
    """Print the counts as CSV."""
    builder = SparkSession.builder.config("spark.ui.enabled", "false")
    spark = builder.config("spark.sql.shuffle.partitions", "8").getOrCreate()
    counts = Published(spark, sys.argv[1]).held().groupBy(*GROUPS).count().orderBy(*GROUPS)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow([*GROUPS, "findings"])
    out.writerows(counts.collect())
    spark.stop()


if __name__ == "__main__":
    main()
