//! Local files.

use serde_json::json;

use crate::airflow::all_see;
use crate::program::Program;

#[test]
fn files_are_named_by_their_whole_paths() {
    let program =
        Program::new("kind = 'local-files'\nconnections-file = 'to/c.json'\nvariables-file = \"to/it's.json\"", "");
    std::fs::create_dir(program.path("to")).unwrap();
    program.run(&["apply", "--yes"], 0);
    all_see(&json!({"environment": program.variables(&[])}));
    all_see(&json!({"airflow_cfg": program.cfg(&[])}));
}
