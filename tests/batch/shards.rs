//! Shards: the union equals the whole, and shards may share a folder.

use super::fixture::{Ran, Site};
use roomwright::batch::{Status, index};

#[test]
fn three_shards_together_do_what_one_call_does() {
    let site = Site::new();
    let mut names = site.good_items(4);
    names.push(site.file("notes.csv", b"no clip"));
    site.list(&names);
    let whole = Ran::of(site.batch_into("whole", &[]));
    assert_eq!(whole.code, Some(1), "{}", whole.stderr);
    let mut done = 0;
    for shard in ["0/3", "1/3", "2/3"] {
        let ran = site.run(&["--shard", shard]);
        assert!(matches!(ran.code, Some(0 | 1)), "{}", ran.stderr);
        done += ran.count("item_finished");
    }
    assert_eq!(done, names.len(), "every item in one shard");
    let union = site.rows();
    let rows = index::read(&site.path("whole")).expect("an index");
    assert_eq!(union.keys().collect::<Vec<_>>(), rows.keys().collect::<Vec<_>>());
    for (id, row) in &rows {
        let other = &union[id];
        assert_eq!(
            (&row.key, row.status, &row.cause, row.score),
            (&other.key, other.status, &other.cause, other.score)
        );
        if row.status == Status::Ok {
            assert!(site.contents("whole", id) == site.contents("labels", id), "{id} differs");
        }
    }

    // The whole call finds everything done, and takes the shards' rows into its index.
    let gathered = site.run(&[]);
    assert_eq!(gathered.count("item_started"), 0, "{}", gathered.stderr);
    let text = std::fs::read_to_string(site.path("labels/index.jsonl")).expect("an index");
    assert_eq!(text.lines().count(), names.len());
}
