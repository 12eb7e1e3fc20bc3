//! Layout F1: 200 random pairs against the shapely/scipy reference; the wrong-side wall; ignore
//! lists; files and folders.

use super::{assert_close, normal};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use roomwright::eval::layout::{
    self, ClassKey, Element, Mode, Options, SceneInput, Side, elements, overlap, run_layout, score_layouts,
};
use roomwright::scene::classes::CLASSES;
use roomwright::scene::{BoxEntity, ClassMap, Layout, OpeningEntity, ReadMode, WallEntity};
use std::path::Path;

const PAIRS: usize = 200;
const SEED: u64 = 20;

/// Classes of other data sets, and one that nobody scores.
const FOREIGN: [&str; 5] = ["table", "Plant", "tv cabinet", "counter", "gadget"];

fn random_class(rng: &mut impl Rng) -> String {
    let index = rng.random_range(0..CLASSES.len() + 2 * FOREIGN.len());
    CLASSES.get(index).copied().unwrap_or_else(|| FOREIGN[index % FOREIGN.len()]).to_owned()
}

/// A polygonal room turned by any angle, with openings and furniture.
fn random_truth(rng: &mut impl Rng) -> Layout {
    let turn = rng.random_range(-4.0..4.0_f64);
    let corners = rng.random_range(3..8_u32);
    let center = [rng.random_range(-5.0..5.0), rng.random_range(-5.0..5.0)];
    let points: Vec<[f64; 2]> = (0..corners)
        .map(|i| {
            let angle = turn + std::f64::consts::TAU * f64::from(i) / f64::from(corners);
            let radius = rng.random_range(1.5..4.0);
            [center[0] + radius * angle.cos(), center[1] + radius * angle.sin()]
        })
        .collect();
    let mut layout = Layout::default();
    for (i, p) in points.iter().enumerate() {
        let q = points[(i + 1) % points.len()];
        let height = rng.random_range(2.2..3.0);
        let (a, b) = ([p[0], p[1], 0.0], [q[0], q[1], 0.0]);
        layout.walls.push(WallEntity { id: i as u32, a, b, height, thickness: 0.12 });
    }
    for id in 0..rng.random_range(0..4) {
        layout.doors.push(random_opening(rng, &layout.walls, id));
        layout.windows.push(random_opening(rng, &layout.walls, id));
    }
    for id in 0..rng.random_range(0..15) {
        layout.boxes.push(BoxEntity {
            id,
            class: random_class(rng),
            center: [center[0] + normal(rng, 1.5), center[1] + normal(rng, 1.5), rng.random_range(0.1..1.5)],
            yaw: rng.random_range(-6.0..6.0),
            size: [rng.random_range(0.01..2.5), rng.random_range(0.01..1.5), rng.random_range(0.01..2.0)],
        });
    }
    layout
}

fn random_opening(rng: &mut impl Rng, walls: &[WallEntity], id: u32) -> OpeningEntity {
    let wall = &walls[rng.random_range(0..walls.len())];
    let along = rng.random_range(0.2..0.8);
    let (width, height) = (rng.random_range(0.6..1.8), rng.random_range(0.6..2.2));
    let mix = |k: usize| wall.a[k] + along * (wall.b[k] - wall.a[k]);
    OpeningEntity { id, wall: wall.id, center: [mix(0), mix(1), 1.1], width, height }
}

/// What a detector makes of it: noise, misses, inventions, duplicates, walls on the wrong side,
/// walls without extent, other classes.
fn random_prediction(rng: &mut impl Rng, truth: &Layout) -> Layout {
    let noise = rng.random_range(0.0..0.12);
    let mut layout = Layout::default();
    let mut wall_of = std::collections::BTreeMap::new();
    for wall in &truth.walls {
        let mut copy = *wall;
        let shift = [normal(rng, noise), normal(rng, noise)];
        let far = if rng.random_bool(0.1) { rng.random_range(0.1..1.0) } else { 0.0 };
        for end in [&mut copy.a, &mut copy.b] {
            end[0] += shift[0] + normal(rng, 0.3 * noise) + far;
            end[1] += shift[1] + normal(rng, 0.3 * noise);
            end[2] += normal(rng, 0.2 * noise);
        }
        copy.height = (copy.height + normal(rng, 0.2)).max(0.0);
        match rng.random_range(0..12) {
            0 => continue,
            1 => std::mem::swap(&mut copy.a, &mut copy.b),
            2 => copy.b = copy.a,
            3 => copy.height = 0.0,
            _ => {}
        }
        copy.id = layout.walls.len() as u32;
        wall_of.insert(wall.id, copy.id);
        layout.walls.push(copy);
        if rng.random_bool(0.15) {
            layout.walls.push(WallEntity { id: copy.id + 1, height: 0.9 * copy.height, ..copy });
        }
    }
    let mut openings = |openings: &[OpeningEntity]| -> Vec<OpeningEntity> {
        let mut copies = Vec::new();
        for opening in openings {
            let Some(&wall) = wall_of.get(&opening.wall).filter(|_| rng.random_bool(0.85)) else { continue };
            let center = opening.center.map(|c| c + normal(rng, noise));
            let width = (opening.width + normal(rng, 0.2)).max(0.0);
            copies.push(OpeningEntity { id: copies.len() as u32, wall, center, width, ..*opening });
        }
        copies
    };
    layout.doors = openings(&truth.doors);
    layout.windows = openings(&truth.windows);
    for object in &truth.boxes {
        for _ in 0..[0, 1, 1, 1, 2][rng.random_range(0..5)] {
            layout.boxes.push(BoxEntity {
                id: layout.boxes.len() as u32,
                class: if rng.random_bool(0.1) { random_class(rng) } else { object.class.clone() },
                center: object.center.map(|c| c + normal(rng, noise)),
                yaw: object.yaw + normal(rng, 3.0 * noise),
                size: object.size.map(|s| (s + normal(rng, noise)).abs()),
            });
        }
    }
    layout
}

/// Some of the truth's elements moved to the ignore list.
fn split_ignored(rng: &mut impl Rng, truth: &mut Layout) -> Layout {
    let mut ignored = Layout { walls: truth.walls.clone(), ..Layout::default() };
    ignored.walls.retain(|_| rng.random_bool(0.15));
    truth.boxes.retain(|object| {
        let keep = rng.random_bool(0.85);
        if !keep {
            ignored.boxes.push(object.clone());
        }
        keep
    });
    ignored
}

struct Case {
    name: String,
    prediction: Layout,
    truth: Layout,
    ignored: Layout,
}

/// The pairs as they come back from their files, so that both sides see the same decimals.
fn random_cases(folder: &Path) -> Vec<Case> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    (0..PAIRS)
        .map(|index| {
            let name = format!("{index:03}");
            let mut truth = random_truth(&mut rng);
            let prediction = random_prediction(&mut rng, &truth);
            let ignored = split_ignored(&mut rng, &mut truth);
            let scene = folder.join(&name);
            std::fs::create_dir(&scene).expect("fresh folder");
            let round = |file: &str, layout: &Layout| {
                let text = layout.to_text();
                std::fs::write(scene.join(file), &text).expect("writable");
                Layout::parse(&text, ReadMode::Strict).expect("own text").0
            };
            Case {
                prediction: round("pred.txt", &prediction),
                truth: round("truth.txt", &truth),
                ignored: round("ignore.txt", &ignored),
                name,
            }
        })
        .collect()
}

#[test]
fn two_hundred_random_pairs_agree_with_shapely_and_scipy() {
    let folder = tempfile::tempdir().expect("writable");
    let cases = random_cases(folder.path());
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/scene/class_map.csv");
    let Some(reference) = crate::python::reference(
        "layout_reference.py",
        &["numpy", "scipy", "shapely"],
        &[folder.path(), &table],
    ) else {
        return;
    };
    let inputs: Vec<SceneInput<'_>> = cases
        .iter()
        .map(|case| SceneInput {
            name: &case.name,
            prediction: &case.prediction,
            truth: &case.truth,
            ignored: Some(&case.ignored),
        })
        .collect();
    let score = score_layouts(&inputs, &ClassMap::benchmark(), &layout::THRESHOLDS).expect("good thresholds");
    let mut compared = 0;
    for scene in &score.scenes {
        for result in &scene.results {
            let setting = setting(result.mode, result.threshold);
            let theirs = &reference["scenes"][&scene.name][&setting][result.class.name()];
            if theirs.is_null() {
                assert_eq!((result.rates.predicted, result.rates.truth), (0, 0), "{} {setting}", scene.name);
                continue;
            }
            let ours =
                [result.rates.tp, result.rates.predicted, result.rates.truth, result.matching.ignored.len()];
            let counts = ["tp", "predicted", "truth", "ignored"]
                .map(|key| theirs[key].as_u64().expect("a count") as usize);
            assert_eq!(ours, counts, "scene {} {setting} {:?}", scene.name, result.class);
            compared += 1;
        }
    }
    assert!(compared > 5_000, "only {compared} results compared");
    compare_summaries(&score, &reference["summaries"]);
    let overlaps = compare_overlaps(&cases, &reference["scenes"]);
    assert!(overlaps > 2_000, "only {overlaps} overlaps above zero");
}

fn setting(mode: Mode, threshold: f64) -> String {
    let name = if mode == Mode::Strict { "strict" } else { "compat" };
    format!("{name}@{threshold}")
}

fn compare_summaries(score: &layout::LayoutScore, reference: &serde_json::Value) {
    for summary in &score.summaries {
        let name = setting(summary.mode, summary.threshold);
        let theirs = &reference[&name];
        let number = |value: &serde_json::Value| value.as_f64().expect("a number");
        assert_close(summary.mean_f1.expect("scored"), number(&theirs["mean_f1"]), &format!("{name} mean"));
        for (index, ours) in
            [summary.pooled.precision, summary.pooled.recall, summary.pooled.f1].into_iter().enumerate()
        {
            assert_close(ours, number(&theirs["micro"][index]), &format!("{name} micro"));
        }
        for class in summary.classes.iter().chain([&summary.any_object]) {
            let what = format!("{name} {:?}", class.class);
            assert_close(class.f1.expect("scored"), number(&theirs["class_f1"][class.class.name()]), &what);
            let pooled = &theirs["class_pooled"][class.class.name()];
            assert_close(class.pooled.f1, number(&pooled[2]), &what);
        }
    }
}

/// Every single overlap; gives how many were above zero.
fn compare_overlaps(cases: &[Case], reference: &serde_json::Value) -> usize {
    let map = ClassMap::benchmark();
    let mut above = 0;
    for case in cases {
        let shapes = |l: &Layout| elements(l, &map, Side::Truth, &mut Vec::new());
        let (predictions, truths) = (shapes(&case.prediction), shapes(&case.truth));
        for mode in [Mode::Strict, Mode::Compat] {
            let theirs = &reference[&case.name][&setting(mode, 0.25)];
            for class in [ClassKey::Wall, ClassKey::Door, ClassKey::Window, ClassKey::AnyObject] {
                let Some(list) = theirs[class.name()]["iou"].as_array() else { continue };
                let of = |elements: &[Element]| -> Vec<Element> {
                    let wanted = |e: &&Element| match class {
                        ClassKey::AnyObject => e.id.starts_with("bbox"),
                        _ => e.class.as_ref() == Some(&class),
                    };
                    elements.iter().filter(wanted).cloned().collect()
                };
                let (predictions, truths) = (of(&predictions), of(&truths));
                assert_eq!(list.len(), predictions.len() * truths.len());
                let pairs = predictions.iter().flat_map(|p| truths.iter().map(move |q| (p, q)));
                for ((p, q), theirs) in pairs.zip(list) {
                    let ours = overlap(&p.shape, &q.shape, mode);
                    above += usize::from(ours > 0.0);
                    assert_close(
                        ours,
                        theirs.as_f64().expect("a number"),
                        &format!("{} {} {}", case.name, p.id, q.id),
                    );
                }
            }
        }
    }
    above
}

fn one_wall(y: f64) -> Layout {
    let wall = WallEntity { id: 0, a: [0.0, y, 0.0], b: [4.0, y, 0.0], height: 2.5, thickness: 0.1 };
    Layout { walls: vec![wall], ..Layout::default() }
}

fn wall_f1(prediction: &Layout, truth: &Layout, mode: Mode) -> f64 {
    let input = SceneInput { name: "", prediction, truth, ignored: None };
    let score = score_layouts(&[input], &ClassMap::benchmark(), &[0.25]).expect("good threshold");
    score.summary(mode, 0.25).expect("asked for").classes[0].f1.expect("there are walls")
}

#[test]
fn a_wall_on_the_wrong_side_is_rejected_by_strict_and_accepted_by_compat() {
    // The normal of a wall along +x points to −y: a truth at y = +1 lies at signed distance −1.
    assert_eq!(wall_f1(&one_wall(0.0), &one_wall(1.0), Mode::Strict), 0.0);
    assert_eq!(wall_f1(&one_wall(0.0), &one_wall(1.0), Mode::Compat), 1.0);
    assert_eq!(wall_f1(&one_wall(0.0), &one_wall(-1.0), Mode::Compat), 0.0);
    for mode in [Mode::Strict, Mode::Compat] {
        assert_eq!(wall_f1(&one_wall(0.0), &one_wall(0.19), mode), 1.0);
        assert_eq!(wall_f1(&one_wall(0.0), &one_wall(-0.19), mode), 1.0);
        assert_eq!(wall_f1(&one_wall(0.0), &one_wall(-0.21), mode), 0.0);
    }
}

#[test]
fn an_ignored_match_counts_as_neither() {
    let (seen, unseen) = (one_wall(0.0), one_wall(3.0));
    let mut prediction = one_wall(0.0);
    prediction.walls.push(WallEntity { id: 1, ..one_wall(3.05).walls[0] });
    let rates = |ignored: Option<&Layout>| {
        let input = SceneInput { name: "", prediction: &prediction, truth: &seen, ignored };
        let score = score_layouts(&[input], &ClassMap::benchmark(), &[0.5]).expect("good threshold");
        score.summary(Mode::Strict, 0.5).expect("asked for").classes[0].pooled
    };
    assert_eq!((rates(None).predicted, rates(None).precision), (2, 0.5));
    assert_eq!((rates(Some(&unseen)).predicted, rates(Some(&unseen)).f1), (1, 1.0));
    // The truth goes first: an ignored twin of a true wall forgives nothing and costs nothing.
    assert_eq!(rates(Some(&seen)).tp, 1);
    assert_eq!(rates(Some(&seen)).predicted, 2);
}

#[test]
fn absent_classes_are_left_out_of_the_mean_and_empty_sides_are_zero() {
    let empty = Layout::default();
    let wall = one_wall(0.0);
    let inputs = [
        SceneInput { name: "both", prediction: &wall, truth: &wall, ignored: None },
        SceneInput { name: "neither", prediction: &empty, truth: &empty, ignored: None },
        SceneInput { name: "missed", prediction: &empty, truth: &wall, ignored: None },
    ];
    let score = score_layouts(&inputs, &ClassMap::benchmark(), &[0.25]).expect("good threshold");
    let summary = score.summary(Mode::Strict, 0.25).expect("asked for");
    assert_eq!((summary.classes[0].scenes, summary.classes[0].f1), (2, Some(0.5)));
    assert_eq!(summary.classes[1].f1, None, "no doors anywhere");
    assert_eq!(summary.mean_f1, Some(0.5));
    assert!(score.table().contains("wall"), "{}", score.table());
    assert!(score_layouts(&inputs, &ClassMap::benchmark(), &[0.0]).is_err());
    assert!(score_layouts(&inputs, &ClassMap::benchmark(), &[f64::NAN]).is_err());
}

#[test]
fn files_and_folders_give_the_same_score_and_report_what_they_skip() {
    let folder = tempfile::tempdir().expect("writable");
    let path = |name: &str| folder.path().join(name);
    for side in ["pred", "truth"] {
        std::fs::create_dir(path(side)).expect("fresh");
    }
    std::fs::write(path("truth/a.txt"), one_wall(0.0).to_text()).expect("writable");
    std::fs::create_dir(path("pred/a")).expect("fresh");
    std::fs::write(path("pred/a/layout.txt"), format!("{}oops\n", one_wall(0.1).to_text()))
        .expect("writable");
    std::fs::write(path("truth/b.txt"), one_wall(0.0).to_text()).expect("writable");
    std::fs::write(path("pred/c.txt"), "").expect("writable");
    let options = Options::default();
    let one = run_layout(&path("pred/a"), &path("truth/a.txt"), None, &options).expect("readable");
    assert_eq!(one.summaries[0].classes[0].f1, Some(1.0));
    let all = run_layout(&path("pred"), &path("truth"), None, &options).expect("readable");
    assert_eq!(all.summaries[0].classes[0].f1, Some(0.5));
    for part in ["layout.txt line 2: dropped", "b was not predicted", "c has no truth"] {
        assert!(all.notes.iter().any(|note| note.contains(part)), "{part}: {:?}", all.notes);
    }
    let error = run_layout(&path("nowhere"), &path("truth/a.txt"), None, &options).expect_err("absent");
    assert!(error.to_string().ends_with("nowhere"), "{error}");
}

#[test]
fn truth_scores_full_against_itself_on_the_rendered_walks() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if !data.is_dir() {
        println!("skipped: the shared data are absent");
        return;
    }
    for name in ["rendered_flat", "rendered_kitchen"] {
        let truth = data.join(name).join("layout.txt");
        let score =
            run_layout(&truth, &truth, None, &Options { classes: "coarse".into(), ..Options::default() })
                .expect("readable");
        for summary in &score.summaries {
            assert_eq!(summary.mean_f1, Some(1.0), "{name}");
        }
        assert!(score.notes.is_empty() && score.scenes[0].dropped.is_empty(), "{:?}", score.notes);
    }
}
