// docs/versions.py replaces this file where there are several versions.
const VERSION = "";
const VERSIONS = [];
