"""Prints the environment that a compose file gives to a service, as options for buildah run.

Arguments: the file, the service. Every secret must be one that the file declares.
"""

import sys

import yaml

with open(sys.argv[1], encoding="utf-8") as file:
    compose = yaml.safe_load(file)
service = compose["services"][sys.argv[2]]
for secret in service["secrets"]:
    assert compose["secrets"][secret]["file"], secret
for name, value in service["environment"].items():
    print(f"--env={name}={value}")
