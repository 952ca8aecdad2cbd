"""Tests of the project: the same tree as the code, plus emulators of the outside world."""
