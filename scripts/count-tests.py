"""Prints "passed failed skipped" of an xunit v2-format result file; fails when the file is no result."""
import sys
import xml.etree.ElementTree as tree

assemblies = list(tree.parse(sys.argv[1]).getroot().iter("assembly"))
if not assemblies:
    sys.exit("no results")
total = {name: sum(int(a.get(name, 0)) for a in assemblies) for name in ("passed", "failed", "skipped", "errors")}
print(total["passed"], total["failed"] + total["errors"], total["skipped"])
