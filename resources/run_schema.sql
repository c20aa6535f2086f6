-- The run file: everything that a run observed. Times are simulated seconds since the run's start;
-- -1 in a column that refers to a group or a release means all of them, or none.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE release_group (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, stage TEXT NOT NULL,
    endpoints INTEGER NOT NULL, tenants INTEGER NOT NULL);
CREATE TABLE release (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, feed TEXT NOT NULL, version TEXT NOT NULL,
    kind TEXT NOT NULL, at INTEGER NOT NULL, manifest TEXT NOT NULL);
-- What was asked of the lab, by the scenario or by a person, and what came of it.
CREATE TABLE command (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, origin TEXT NOT NULL, kind TEXT NOT NULL,
    release INTEGER NOT NULL, result TEXT NOT NULL);
-- What happened, in order, for people.
CREATE TABLE timeline (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, release_group INTEGER NOT NULL,
    release INTEGER NOT NULL, text TEXT NOT NULL);
-- The outcome log: each distinct component transition once. `json` is what a replay reads.
CREATE TABLE assay (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, state_before TEXT NOT NULL, stimulus TEXT NOT NULL,
    stage TEXT NOT NULL, category TEXT NOT NULL, code TEXT NOT NULL, evidence TEXT NOT NULL,
    cost_ms REAL NOT NULL, json TEXT NOT NULL);
-- A metric from `at` until its next row; numbers of metrics: simulator/base/metric.h.
CREATE TABLE series (
    metric INTEGER NOT NULL, release_group INTEGER NOT NULL, release INTEGER NOT NULL,
    at INTEGER NOT NULL, value REAL NOT NULL,
    PRIMARY KEY (metric, release_group, release, at)) WITHOUT ROWID;
-- How often endpoints of a group came to each outcome, all in all.
CREATE TABLE tally (
    release_group INTEGER NOT NULL, release INTEGER NOT NULL, category INTEGER NOT NULL,
    code INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (release_group, release, category, code)) WITHOUT ROWID;
CREATE TABLE expectation (
    id INTEGER PRIMARY KEY, metric INTEGER NOT NULL, release_group INTEGER NOT NULL,
    release INTEGER NOT NULL, comparison INTEGER NOT NULL, bound REAL NOT NULL,
    is_share INTEGER NOT NULL, moment INTEGER NOT NULL, at INTEGER NOT NULL, text TEXT NOT NULL,
    place TEXT NOT NULL);
