// The server of the bundle; tests of its manifest do not start it.
