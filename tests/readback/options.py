"""options.py: what Airflow's options are set to, with a given airflow.cfg and given variables.

Run in the venv of the Airflow that is to read. Takes one JSON object on stdin:

    {"airflow_cfg": "…", "environment": {name: value}, "options": ["core.fernet_key", …]}

Prints one JSON object: each option and its value, null where Airflow does not know it.
"""

import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "airflow"))
sys.dont_write_bytecode = True

import readback  # noqa: E402


def main():
    """Reads the request, sets Airflow up with it, and prints."""
    request = json.load(sys.stdin)
    answers, sys.stdout = sys.stdout, sys.stderr
    with tempfile.TemporaryDirectory(prefix="options-") as home:
        readback.configure(request, home)
        import airflow.settings  # noqa: F401
        from airflow.configuration import conf

        readback.quieten()
        split = [option.split(".", 1) for option in request["options"]]
        values = {f"{section}.{option}": conf.get(section, option, fallback=None) for section, option in split}
        print(json.dumps(values), file=answers)


if __name__ == "__main__":
    main()
