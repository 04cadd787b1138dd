//! Carries Apache Airflow connections, variables and configs from one secrets store to another.
//!
//! One process keeps secrets in one store equal to secrets in another, and can always say what it did and why. Reading,
//! deciding and writing are three places that never mix. The tree is the architecture: folders are floors, a folder
//! imports lower floors only and never a neighbour on its own, and `tests/architecture.rs` holds this map to the tree.
//!
//! ```text
//! model/       FLOOR 0  the words: names, values, Airflow's meaning, the closed lists; pure
//!   canonical.rs          Canonical form v1
//!   capability.rs         What a store can do as it is configured, as data
//!   connection/           the parts of connection.rs
//!   connection.rs         An Airflow connection: eight fields, and the forms a secret is written in
//!   decision.rs           The closed lists a run decides in: what to do, why, and how it ended
//!   dialect/              the parts of dialect.rs
//!   dialect.rs            How a store's Airflow backend turns stored text into what Airflow sees, and what we store so
//!   event.rs              All that can happen in a run, told to whoever watches it
//!   fault.rs              What can go wrong with a store, in the words the rest of the program decides by
//!   finding.rs            What `check`, and a run, have to say to a person: how bad, where, and what to do
//!   fingerprint.rs        Fingerprint v1: a keyed digest of a canonical value, safe to keep and to print
//!   key.rs                The installation's key and the subkeys made of it
//!   mark.rs               Mark v1: who owns a key, kept in the store beside it and constant for the key's life
//!   name.rs               What a secret is called: by us, and by a store
//!   oddity/               the parts of oddity.rs
//!   oddity.rs             What a person should hear about a secret's content before it is copied
//!   python/               the parts of python.rs
//!   python.rs             The parts of Python that decide what Airflow reads
//!   reader.rs             The three Airflows that read what we write, what they see, and what they stumble over
//!   requirement.rs        What must be installed beside Airflow for it to read a store right
//!   shown.rs              Text from elsewhere as a person may see it
//!   snapshot.rs           The state of a side at one moment, as a store lists it and as planning sees it
//!   value.rs              A secret's text: the one type a value lives in
//! reference.rs FLOOR 1  secrets by reference, TLS files; the only code that reads the environment
//! settings.rs  FLOOR 1  one TOML table into a settings struct, all its faults at once
//!   fault.rs              What serde has to say of a value, in words for a person, and where it happened
//!   node.rs               A value of a table as serde reads it
//!   path.rs               Where in a table a key stands, spelled as a person would write it
//!   unit.rs               Values with a unit, as the config writes them: `"30s"`, `"20%"`
//! naming/      FLOOR 1  how a store spells a name; pure
//!   airflow.rs            Where Airflow's own secrets backends will look for a name, and which ids some part of Airflo
//!   aws.rs                Which names the stores of AWS take, by the API references of `CreateSecret` and `PutParamete
//!   cloud.rs              Which names the stores of Microsoft and Google take, by their references of "set secret" and
//!   collision.rs          Names that meet under one key of the target, after they were renamed, spelled and folded
//!   conflict.rs           Names that would meet under one key, found in the config alone, before any call
//!   encode.rs             Names to a store's keys and back, under its rule
//!   error.rs              Why a store cannot hold a name
//!   filter.rs             Which names a job is about
//!   lookup.rs             Which ids Airflow looks up in a store at all: its backends' lookup patterns
//!   mapping.rs            What a source's name becomes in the target
//!   meeting.rs            Whether two sets of globs have a text in common, and which
//!   pattern.rs            A glob over ids, of one kind or of any: `db_*`, `connections/db_*`
//!   rule.rs               How a store spells a name, as plain data
//!   template.rs           A template for ids, such as `prod/{kind}/{id}`
//! planner/     FLOOR 2  what should change; sees names and fingerprints, never a value; pure
//!   case.rs               One name and all that is known of it
//!   diff.rs               Source × target × baseline: the plan
//!   effort.rs             What acting on a plan takes
//!   gone.rs               What becomes of a name that the source does not have
//!   guard.rs              Grounds to refuse every delete of a plan; the rest of it goes on
//!   needs.rs              How deep a run looks, and which values it cannot decide without
//!   plan.rs               The decision: every key of a run, and what becomes of it
//!   policy.rs             What a job allows, as its config says
//!   present.rs            What becomes of a name that the source has
//!   side.rs               What deciding sees of the source, the target and the baseline
//!   undo.rs               What an earlier run did × how its keys are now
//! ledger/      FLOOR 3  our SQL: runs, steps, baseline, leases, the audit chain
//!   address.rs            Where a ledger is
//!   audit.rs              The audit log
//!   baseline.rs           What was last written to a target, by name
//!   clock.rs              How far the ledger's clock is from ours
//!   conclude.rs           How a step ended, as the store said or as reading back found
//!   control.rs            What people ask of a job
//!   database.rs           The two databases a ledger can live in, behind one face
//!   error.rs              What the ledger says when it cannot do its part: plain words, and what to do
//!   fold.rs               Retention
//!   history.rs            What was: runs and their steps, as reports show them
//!   key_file.rs           The random key beside a ledger for which none is configured
//!   known.rs              What a transaction has read of runs and leases
//!   lease.rs              One writer per target
//!   lock_file.rs          The lock of a target beside a ledger in a file
//!   open.rs               The ledger as the rest of the program holds it, and how it is opened
//!   overview.rs           How the work that daemons share stands
//!   peer.rs               The daemons that share a ledger: each says that it is alive, and who it is
//!   postgres.rs           A ledger on a server
//!   pulse.rs              How long a lease can be counted on
//!   runs.rs               A run's beginning and end; a run that died is noticed by the next one on its target
//!   schema.rs             The ledger's first row
//!   settings.rs           The `[ledger]` table of the config
//!   sqlite.rs             A ledger in a file
//!   standing.rs           Where a job stands on a target: which instants are done, and what the last run left
//!   steps.rs              One step's way through the ledger
//!   verify.rs             The proof of the audit log
//!   writer.rs             The one task that commits
//! provider/    FLOOR 3  the stores; the only code that talks to them
//!   airflow.rs            What Airflow must be told to read a store
//!   airflow_cfg/          The sensitive options of an `airflow.cfg` and of `AIRFLOW__…` variables, as configs
//!   airflow_metastore/    The metastore of an Airflow, PostgreSQL or SQLite
//!   aws/                  Amazon Web Services: what its two stores share, and the stores themselves
//!   azure_key_vault/      Azure Key Vault as a store of Airflow's keys
//!   backend_kwargs.rs     `backend-kwargs`
//!   bounds.rs             How long a request may take, how many go at once and how fast
//!   call.rs               The one way a request leaves the house
//!   contract.rs           What every store can be asked, and what is handed over and back
//!   environment/          Connections and variables in the environment of a process, or in a `.env` file
//!   error.rs              What a provider says when a request fails
//!   file/                 Text files with entries by id, whatever their format
//!   filling.rs            A store's table filled in from the arguments of Airflow's backend
//!   gcp_secret_manager/   Google Secret Manager as a store of Airflow's keys
//!   layer/                Wrappers around a whole provider
//!   local_files/          Connections, variables and configs in JSON, YAML and `.env` files
//!   meaning.rs            What a service's word for a refusal means here, and how an error comes to say so
//!   memory/               A store in this process's memory
//!   pace.rs               How fast a store is asked
//!   pages.rs              Answers in pages: each says where the next one is, to the last or not at all
//!   places.rs             Where Airflow's keys lie in a store of a cloud, as its table says it
//!   plain_http.rs         Whether secrets would travel readable to another host
//!   registry.rs           The one list of kinds of store
//!   turns.rs              One change of a key at a time, for services that answer two at once with a refusal, or hear
//!   vault/                HashiCorp Vault's KV engines as a store of Airflow's keys
//! engine/      FLOOR 4  one run: look at both sides, decide, act, settle, prove
//!   apply.rs              Acts on a plan that was shown
//!   cycle.rs              One run of a job on one target, from its beginning in the ledger to its end there
//!   delete.rs             Deletes come last
//!   error.rs              Why a run failed as a whole
//!   expectation.rs        What a change is conditional on
//!   job.rs                A job as it runs: from where, to where, what, and what it may do
//!   lag.rs                Listings that lag behind writes
//!   lens.rs               How a run looks at values
//!   look_back.rs          One look at the keys that a past run changed
//!   outcome.rs            What became of a run, or of a look at both sides: plain data for reports
//!   overrides.rs          What a job sets in secrets on their way, whatever the source says
//!   preview.rs            Looks at both sides and decides
//!   read.rs               Looks at keys and reads values, many at a time and in the store's batches
//!   reduce.rs             Reduces a value to a fingerprint and facts
//!   reverse.rs            One step of an undo
//!   run.rs                A run that holds its target's lease
//!   schedule/             the parts of schedule.rs
//!   schedule.rs           When a job is due
//!   seek.rs               Keys of a store that answers for single keys only
//!   settle.rs             Unknown effects and dead runs
//!   show.rs               One name in one store, as a person may see it
//!   sides.rs              Turns two listings into the two sides a plan is made of
//!   survey.rs             One look at both sides
//!   tell.rs               A run in the log
//!   undo.rs               Undo of an earlier run
//!   verify.rs             Reads both sides and proves, by the rules of every reader, that Airflow sees in the target w
//!   write.rs              One step of a plan: read again, compare, intent, write, outcome
//! report/      FLOOR 5  what people and machines see; pure
//!   agenda.rs             When a job is next due, as plain data
//!   demo.rs               What the demo has to say
//!   json/                 Reports for machines
//!   page.rs               Lines for a terminal
//!   plan.rs               A plan with what a reader of it must know beside
//!   settings.rs           What Airflow must be told to read a store, as a file of variables or as a part of airflow.cf
//!   text/                 Reports for a terminal
//! config/      FLOOR 6  the TOML file, joined from each floor's settings, checked as a whole
//!   chain.rs              Chains and loops: jobs that read what other jobs write
//!   changes.rs            What differs between two configs, by the names of keys
//!   check.rs              Rules across tables, and the config that has passed them all
//!   daemon.rs             The `[daemon]` table: where the daemon listens, who may ask it, and how it ends
//!   error.rs              What is wrong with a config: which file, which key, what, and what to write instead
//!   file.rs               Finds the file, reads its text, and takes it apart
//!   job.rs                The `[jobs.x]` table: what is carried from where to where, and under which rules
//!   mapping.rs            The keys of a job that give its keys other names in the target
//!   notify.rs             The `[notify.x]` tables
//!   open.rs               Puts a checked config to work
//!   overrides.rs          The `override` table of a job
//!   policy.rs             The `[jobs.x.policy]` table
//!   position.rs           Where in the file each key stands, so that faults come in the order a person reads them
//!   schedule.rs           The `[jobs.x.schedule]` table: when a job is due
//!   store.rs              One table of `[stores]`: its kind first, the rest by the rules of that kind
//! daemon/      FLOOR 7  the long-lived process: runs jobs when they are due, and tells how they stand
//!   alarm.rs              What time it is, and who wakes the loop at instants
//!   board.rs              What the status page, the probes and the metrics are told of
//!   checks.rs             Looks at every store now and then: reachable, allowed, and how long its token lives
//!   error.rs              Why a daemon did not begin
//!   gauges.rs             How things stand at the moment of a scrape, taken from the board
//!   http/                 What the daemon shows and takes over HTTP
//!   keeper.rs             Keeps the ledger
//!   life.rs               One daemon from its start to its end
//!   metrics.rs            What is counted, and every metric's name
//!   notify/               Tells people what goes wrong with jobs, and when all is well again
//!   page/                 The status page: what an operator wants to see at night
//!   process.rs            What this process takes of its machine, under the names that Prometheus' own clients give it
//!   reload.rs             Watches the config's file and reads it again, as a whole
//!   runner.rs             Runs what is due
//!   scheduler.rs          The loop
//!   setup.rs              What the daemon works by
//!   shelf.rs              The ledger of the moment
//!   show.rs               What the board says of jobs: the config, what the ledger knows, and what waits here
//!   signals.rs            Signals of the system: end, or read the config again
//!   systemd.rs            What a service manager is told, where one listens (`NOTIFY_SOCKET`)
//!   teller.rs             Tells of everything to whom it concerns
//!   witness.rs            What the stores tell of our tokens, put on the board
//! cli/         FLOOR 8  the commands; the only place that prints
//!   airflow_env.rs        `airflow-env`: what Airflow must be told to read a store
//!   apply.rs              `apply`: plan, consent, act on exactly that plan
//!   args.rs               The command line; its help text is the manual
//!   audit.rs              `audit`: the hash-chained log and its proof
//!   check.rs              `check`: the config, then every store that a job uses; each finding with its remedy
//!   console.rs            Standard output for reports, standard error for everything else
//!   daemon.rs             `daemon`: runs jobs when they are due, until it is told to end
//!   demo/                 the parts of demo.rs, and its sample
//!   demo.rs               `demo`
//!   failure.rs            Any error as words for a person
//!   history.rs            `history`: the runs, or the steps of one
//!   init/                 the parts of init.rs
//!   init.rs               `init`
//!   interrupt.rs          Ctrl-C
//!   logging.rs            The log on standard error
//!   metrics_file.rs       `apply --metrics-file`
//!   patience.rs           `apply --retry-lock`: waits for a target that another run holds
//!   plan.rs               `plan`: what a job would do
//!   progress.rs           Progress on a terminal
//!   run.rs                One run, as `apply` and `demo` carry it out
//!   schedule.rs           `schedule`
//!   session.rs            What every command begins with
//!   show.rs               `show`: one key in every store
//!   undo.rs               `undo`
//!   verify.rs             `verify`: does Airflow see in the target what the source holds?
//! ```
//!
//! A run flows through them like this:
//!
//! ```text
//! config ──► registry ──► sides, read, reduce ──► planner ──► apply, write ──► ledger ──► report
//!            + layer      (naming + model)        (pure)      (intent, write,  (audit)    (pure)
//!                                                              outcome)
//! ```
//!
//! A new kind of store is one folder in `provider/`, one line in `provider/registry.rs`, one file in
//! `tests/contract/stores/` and one scenario in `config/`; nothing else changes.

pub mod model;

pub mod reference;
pub mod settings;

pub mod naming;

pub mod planner;

pub mod ledger;
pub mod provider;

pub mod engine;

pub mod report;

pub mod config;

pub mod daemon;

pub mod cli;
