//! Files of lines, YAML, variables and options: damaged in every way, and never repeated.

use crate::ground::Ground;

const YAML: &[&str] = &[
    "c: @\nv: [@",
    "c: '@\n",
    "c: \"@\\x\"\n",
    "c: !!python/object @\n",
    "c: !!int @\n",
    "c: !!binary @@\n",
    "c: *@\n",
    "c: {@: @, @: [@}\n",
    "c: {password: @, @: 1}\n",
    "- @\n",
    "@\n",
    "c: 1\n @: 2\n",
    "c: @: @\n",
    "c:\n\t@\n",
    "%@\nc: 1\n",
    "<<: @\nc: @\n",
    "c: |1@\n  x\n",
];

const LINES: &[&str] =
    &["c=http://h\n@", "c=@\n=@\n", "c=\n@", "\u{feff}c=@", "export c=@", "ENV c @", "c='@", "c=x\u{2028}@"];

const VARIABLES: &[&str] = &[
    "ENV AIRFLOW_VAR_V=@",
    "export AIRFLOW_VAR_V='@",
    "AIRFLOW_VAR_V: @",
    "AIRFLOW_VAR_V = @",
    "AIRFLOW_VAR_V='@",
    "AIRFLOW_VAR_V=\"@\\",
    "AIRFLOW_VAR_V=@\nAIRFLOW_VAR_V=$@",
    "AIRFLOW_VAR_V=${@",
    "AIRFLOW_VAR_V=x\u{85}@",
    "AIRFLOW_CONN_C=@\nAIRFLOW_CONN_C2=http://@:@:@",
];

const OPTIONS: &[&str] = &[
    "@\n[core]\n",
    "[core]\nfernet_key = %(@)s\n",
    "[core]\nfernet_key = %@\n",
    "[core]\nfernet_key = $HOME@\n",
    "[core]\nfernet_key_cmd = @\n",
    "[core\nfernet_key = @\n",
    "[core]\nfernet_key = @\nfernet_key = @\n",
    "[core]\n@\n",
    "[core]\nfernet_key = @\n @\n@\n",
];

/// Reads a source that is damaged in each of these ways, as talkative as it gets.
async fn damaged(source: &str, file: &str, kinds: &str, texts: &[&str]) {
    let mut ground = Ground::new();
    for name in ["connections.json", "variables.json", "configs.json"] {
        ground.disown(name);
        // What a target replaced, kept as private as the file itself.
        ground.disown(&format!("{name}.history"));
    }
    ground.put(
        "secretferry.toml",
        &format!(
            "[stores.from]\n{source}\n[stores.to]\nkind = 'local-files'\nconnections-file = 'connections.json'\n\
             variables-file = 'variables.json'\nconfigs-file = 'configs.json'\n\
             [jobs.ferry]\nsource = 'from'\ntarget = 'to'\nkinds = [{kinds}]\nreaders = ['airflow-3']\n"
        ),
    );
    let (mut refused, mut read) = (0, 0);
    for (place, text) in texts.iter().enumerate() {
        let secret = ground.aviary.hatch_plain(&format!("{file} {place}"));
        ground.put(file, &text.replace('@', &secret));
        let applied = ground.run(&["apply", "--yes", "--json", "-vvv"]).await;
        refused += usize::from(applied.code == Some(1));
        read += usize::from(applied.code != Some(1));
        for command in [&["plan", "-vvv"][..], &["check"], &["verify"], &["show", "c"], &["show", "v"]] {
            ground.run(command).await;
        }
    }
    assert!(refused > 1 && read > 1, "the control: {file} is read in some ways, not in others ({refused}, {read})");
    ground.search_files();
}

#[tokio::test]
async fn files_of_every_format() {
    let both = "'connections', 'variables'";
    damaged("kind = 'local-files'\nconnections-file = 'c.yaml'", "c.yaml", "'connections'", YAML).await;
    damaged("kind = 'local-files'\nconnections-file = 'c.env'", "c.env", "'connections'", LINES).await;
    for dialect in ["plain", "compose"] {
        let source = format!("kind = 'environment'\nfile = 'v.env'\ndialect = '{dialect}'");
        damaged(&source, "v.env", both, VARIABLES).await;
    }
    damaged("kind = 'airflow-cfg'\nfile = 'airflow.cfg'", "airflow.cfg", "'configs'", OPTIONS).await;
}
