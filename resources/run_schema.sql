-- The run file: everything that a run observed. Times are simulated seconds since the run's start;
-- -1 in a column that refers to a group, a release or a part means all of them, or none. A part is
-- the number of a persona, a channel (simulator/base/channel.h) or a harm (simulator/base/harm.h),
-- by the metric.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE release_group (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, stage TEXT NOT NULL,
    endpoints INTEGER NOT NULL, tenants INTEGER NOT NULL);
CREATE TABLE release (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, feed TEXT NOT NULL, version TEXT NOT NULL,
    kind TEXT NOT NULL, at INTEGER NOT NULL, manifest TEXT NOT NULL);
CREATE TABLE persona (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, title TEXT NOT NULL, windows_build TEXT NOT NULL,
    endpoints INTEGER NOT NULL);
-- Every number that the run depended on.
CREATE TABLE setting (
    id INTEGER PRIMARY KEY, section TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
    given INTEGER NOT NULL, source TEXT NOT NULL);
-- `finds_per_h` is null where no defect, however frequent, is found within the bake time.
CREATE TABLE stage (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, checks TEXT NOT NULL, endpoints INTEGER NOT NULL,
    bake INTEGER NOT NULL, endpoint_hours REAL NOT NULL, finds_per_h REAL);
CREATE TABLE stage_first_seen (
    id INTEGER PRIMARY KEY, stage INTEGER NOT NULL, what TEXT NOT NULL);
CREATE TABLE fault_domain (
    id INTEGER PRIMARY KEY, process TEXT NOT NULL, context TEXT NOT NULL, exits TEXT NOT NULL);
CREATE TABLE fault_domain_feed (
    id INTEGER PRIMARY KEY, fault_domain INTEGER NOT NULL, feed TEXT NOT NULL);
-- What was asked of the lab, by the scenario or by a person, and what came of it.
CREATE TABLE command (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, origin TEXT NOT NULL, kind TEXT NOT NULL,
    release INTEGER NOT NULL, result TEXT NOT NULL);
-- What happened, in order, for people.
CREATE TABLE timeline (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, release_group INTEGER NOT NULL,
    release INTEGER NOT NULL, text TEXT NOT NULL);
-- The outcome log: each distinct component transition once. `json` is what a replay reads. Imported:
-- measured elsewhere, in place of an assay.
CREATE TABLE assay (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, imported INTEGER NOT NULL, state_before TEXT NOT NULL,
    stimulus TEXT NOT NULL, stage TEXT NOT NULL, category TEXT NOT NULL, code TEXT NOT NULL,
    evidence TEXT NOT NULL, cost_ms REAL NOT NULL, json TEXT NOT NULL);
-- What models said of programs in an assay (counted from 0), those that nothing acts on included;
-- `release`: whose models they are, -1 of the baseline. A score is null where the model gave none.
CREATE TABLE model_score (
    id INTEGER PRIMARY KEY, assay INTEGER NOT NULL, release INTEGER NOT NULL, program TEXT NOT NULL,
    place TEXT NOT NULL, model TEXT NOT NULL, version TEXT NOT NULL, telemetry INTEGER NOT NULL,
    score REAL, threshold REAL NOT NULL, refusal TEXT NOT NULL);
-- What each rule did in an assay of a persona's day; release -1: of the baseline.
CREATE TABLE rule_use (
    id INTEGER PRIMARY KEY, assay INTEGER NOT NULL, release INTEGER NOT NULL, feed TEXT NOT NULL,
    rule TEXT NOT NULL, calls INTEGER NOT NULL, errors INTEGER NOT NULL,
    detections INTEGER NOT NULL, disabled INTEGER NOT NULL, nanoseconds INTEGER NOT NULL,
    memory_bytes INTEGER NOT NULL);
-- What became of that day's events before rules saw them, by kind.
CREATE TABLE sensor_use (
    id INTEGER PRIMARY KEY, assay INTEGER NOT NULL, kind TEXT NOT NULL, events INTEGER NOT NULL,
    merged INTEGER NOT NULL, dropped INTEGER NOT NULL, delivered INTEGER NOT NULL);
-- What application detection left unscanned in such an assay, or refused to; refusal '': granted.
CREATE TABLE exclusion_use (
    id INTEGER PRIMARY KEY, assay INTEGER NOT NULL, release INTEGER NOT NULL, feed TEXT NOT NULL,
    application TEXT NOT NULL, rule TEXT NOT NULL, path TEXT NOT NULL, kind TEXT NOT NULL,
    refusal TEXT NOT NULL);
-- A metric from `at` until its next row; numbers of metrics: simulator/base/metric.h.
CREATE TABLE series (
    metric INTEGER NOT NULL, release_group INTEGER NOT NULL, release INTEGER NOT NULL,
    part INTEGER NOT NULL, at INTEGER NOT NULL, value REAL NOT NULL,
    PRIMARY KEY (metric, release_group, release, part, at)) WITHOUT ROWID;
-- How often endpoints of a group came to each outcome, all in all.
CREATE TABLE tally (
    release_group INTEGER NOT NULL, release INTEGER NOT NULL, category INTEGER NOT NULL,
    code INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (release_group, release, category, code)) WITHOUT ROWID;
-- What came of each tenant to which something happened. No time: it did not happen.
CREATE TABLE tenant (
    id INTEGER PRIMARY KEY, number INTEGER NOT NULL, release_group INTEGER NOT NULL,
    endpoints INTEGER NOT NULL, exposed INTEGER NOT NULL, affected INTEGER NOT NULL,
    refused INTEGER NOT NULL, lost INTEGER NOT NULL, infected INTEGER NOT NULL,
    first_affected INTEGER, last_recovered INTEGER);
-- Roles: 0 an expectation; 1 and 2 conditions under which the attack was held, and contained; 3 what
-- the attack must come to, in place of a bound.
CREATE TABLE expectation (
    id INTEGER PRIMARY KEY, role INTEGER NOT NULL, metric INTEGER NOT NULL, release_group INTEGER NOT NULL,
    release INTEGER NOT NULL, part INTEGER NOT NULL, comparison INTEGER NOT NULL,
    bound REAL NOT NULL, is_share INTEGER NOT NULL, moment INTEGER NOT NULL, at INTEGER NOT NULL,
    text TEXT NOT NULL, place TEXT NOT NULL);
-- A row of the attack matrix, or none. Expected: 0 held, 1 contained, 2 fell.
CREATE TABLE attack (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, aim TEXT NOT NULL, profile TEXT NOT NULL,
    expected INTEGER NOT NULL);
