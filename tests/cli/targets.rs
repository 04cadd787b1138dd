//! A job with several targets: each has its plan, its run and its proof, and `--target` picks one.

use crate::story::Story;

const CONFIG: &str = "\
[stores.a]
kind = \"local-files\"
variables-file = \"a.json\"
[stores.b]
kind = \"local-files\"
variables-file = \"b.json\"
[stores.c]
kind = \"local-files\"
variables-file = \"c.json\"
[jobs.both]
source = \"a\"
targets = [\"b\", \"c\"]
kinds = [\"variables\"]
";

fn story(name: &'static str) -> Story {
    let mut story = Story::new(name);
    story.file("secretferry.toml", CONFIG);
    story.file("a.json", "{\"region\": \"eu\", \"tier\": \"gold\"}").file("c.json", "{\"tier\": \"silver\"}");
    story
}

#[test]
fn each_target_has_its_own_plan_and_run() {
    let mut story = story("targets");
    story.run(3, "plan both");
    story.run(0, "apply both --target b --yes").run(3, "apply both --yes").run(3, "verify both --json");
    story.run(2, "plan both --target d");
    story.end();
}
