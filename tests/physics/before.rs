//! `check` before and after the repair: the same figures of the draft and of its scene.

use super::drafts::{noisy, truth};
use super::repair::repaired;
use roomwright::physics::{check, check_draft};
use std::process::Command;

#[test]
fn a_noisy_draft_is_inconsistent_and_its_truth_is_not() {
    let noisy = noisy(&truth(9), 9);
    let before = check_draft(&noisy).unwrap();
    assert_eq!(before.objects, noisy.objects.len());
    assert!(before.collision.colliding > before.objects / 4, "{}", before.table());
    assert!(before.support.rate < 0.9, "{}", before.table());
    assert_eq!(before.watertight.rooms.total, 0, "no wall ends where another does");
    let evidence = before.evidence.expect("the draft itself");
    assert!(evidence.boxes_max_m < 2e-6, "a scene is rounded to the micrometre: {evidence:?}");
    assert_eq!((evidence.boxes_removed, evidence.walls_removed), (0, 0));

    let truth = truth(9);
    let before = check_draft(&truth).unwrap();
    assert_eq!(before.collision.colliding, 0, "{}", before.table());
    assert_eq!(before.in_bounds.rate, 1.0, "{}", before.table());
    assert_eq!(before.watertight.rooms.count, truth.rooms.len(), "{}", before.table());
}

#[test]
fn the_program_prints_both_and_the_f1_of_both() {
    let (truth, folder) = (truth(9), tempfile::tempdir().unwrap());
    let draft = noisy(&truth, 9);
    let scene = repaired(&draft);
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("scene.json"), scene.to_json()).unwrap();
    std::fs::write(path("draft.json"), serde_json::to_vec(&draft).unwrap()).unwrap();
    std::fs::write(path("truth.txt"), truth.to_layout().to_text()).unwrap();
    let run = |more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_roomwright"))
            .current_dir(folder.path())
            .args(["check", "scene.json", "--draft", "draft.json", "--truth", "truth.txt"])
            .args(more)
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let figures: serde_json::Value = serde_json::from_str(&run(&["--json"])).unwrap();
    let after = check(&scene, Some(&draft));
    assert_eq!(figures["collision"]["colliding"], 0);
    assert_eq!(figures["evidence"]["boxes_mean_m"], after.evidence.unwrap().boxes_mean_m);
    assert!(figures["before_repair"]["collision"]["colliding"].as_u64().unwrap() > 0);
    let f1 = |when: &str| figures["layout_f1"][when]["0.50"].as_f64().unwrap();
    assert!(0.0 < f1("before") && f1("before") < f1("after") && f1("after") < 1.0, "{figures}");
    let table = run(&[]);
    for line in
        ["before the repair\ncollision", "after the repair\ncollision", "layout F1 before", "layout F1 after"]
    {
        assert!(table.contains(line), "`{line}` is missing in {table}");
    }
}
