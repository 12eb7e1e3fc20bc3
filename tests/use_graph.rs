//! The house rules that a compiler cannot check: who may import whom, who may name which crate.
//!
//! Modules stand in `lib.rs` in the order in which data flows; a later one may import an earlier one,
//! never the reverse. Test code is free: modules that are declared under `#[cfg(test)]`, wherever their
//! file is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn source_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All Rust files below `folder`, sorted.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The product code of all files: no tests, comments or text in quotes.
fn product_files() -> Vec<(PathBuf, String)> {
    let texts: Vec<(PathBuf, String)> = rust_files(&source_root())
        .into_iter()
        .map(|path| (path.clone(), std::fs::read_to_string(path).expect("readable")))
        .collect();
    let test_files: Vec<PathBuf> =
        texts.iter().flat_map(|(path, text)| test_module_files(path, text)).collect();
    let is_test = |path: &Path| {
        test_files.iter().any(|test| *test == path || path.starts_with(test.with_extension("")))
    };
    texts
        .into_iter()
        .filter(|(path, _)| !is_test(path))
        .map(|(path, text)| (path, without_comments_and_strings(&without_test_modules(&text))))
        .collect()
}

/// Lines of a file with, for each, whether it stands directly under `#[cfg(test)]` (other attributes
/// may stand between).
fn lines_with_test_mark(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut marked = false;
    text.lines().map(move |line| {
        let trimmed = line.trim();
        if trimmed.starts_with("#[cfg(test)]") {
            marked = true;
            return (line, false);
        }
        let here = marked;
        marked = marked && trimmed.starts_with("#[");
        (line, here)
    })
}

/// Files of the modules that `path` declares (`mod x;`) under `#[cfg(test)]`.
fn test_module_files(path: &Path, text: &str) -> Vec<PathBuf> {
    let folder = path.parent().expect("below the sources");
    let stem = path.file_stem().expect("a file").to_string_lossy();
    let own = if ["mod", "lib", "main"].contains(&&*stem) { folder.to_owned() } else { folder.join(&*stem) };
    let mut files = Vec::new();
    for (line, marked) in lines_with_test_mark(text).filter(|(_, marked)| *marked) {
        let declared = line.trim().split("mod ").nth(1).and_then(|rest| rest.strip_suffix(';'));
        if let Some(file) = line.split("#[path = \"").nth(1).and_then(|rest| rest.split('"').next()) {
            files.push(folder.join(file));
        } else if let Some(name) = declared.filter(|_| marked) {
            files.extend([own.join(format!("{name}.rs")), own.join(name).join("mod.rs")]);
        }
    }
    files
}

/// The file up to its first inline test module (`mod x {` under `#[cfg(test)]`), which ends files here.
fn without_test_modules(text: &str) -> String {
    let is_start =
        |(line, marked): &(&str, bool)| *marked && line.contains("mod ") && line.trim_end().ends_with('{');
    lines_with_test_mark(text)
        .take_while(|line| !is_start(line))
        .map(|(line, _)| format!("{line}\n"))
        .collect()
}

fn without_comments_and_strings(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut kept = String::new();
    let mut i = 0;
    while i < bytes.len() {
        let rest = &text[i..];
        if rest.starts_with("//") {
            i += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            i += rest.find("*/").map_or(rest.len(), |end| end + 2);
        } else if rest.starts_with("r\"")
            || rest.starts_with("r#") && rest[1..].trim_start_matches('#').starts_with('"')
        {
            let hashes = rest[1..].bytes().take_while(|&b| b == b'#').count();
            let close = format!("\"{}", "#".repeat(hashes));
            let body = 2 + hashes;
            i += rest[body..].find(&close).map_or(rest.len(), |end| body + end + close.len());
        } else if bytes[i] == b'"' {
            i += 1;
            while i < bytes.len() && bytes[i] != b'"' {
                i += if bytes[i] == b'\\' { 2 } else { 1 };
            }
            i += 1;
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\\"'") {
            i += if bytes[i + 1] == b'\\' { 4 } else { 3 };
        } else {
            let c = rest.chars().next().expect("not at the end");
            kept.push(c);
            i += c.len_utf8();
        }
        i = i.min(bytes.len());
    }
    kept
}

/// Modules of `lib.rs` in order.
fn modules() -> Vec<String> {
    let text = std::fs::read_to_string(source_root().join("lib.rs")).expect("lib.rs is there");
    text.lines()
        .filter_map(|line| line.trim().trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect()
}

/// The top module that a file belongs to; `None` for `lib.rs` and `main.rs`.
fn module_of(path: &Path) -> Option<String> {
    let relative = path.strip_prefix(source_root()).expect("below the sources");
    let first = relative.components().next().expect("not empty").as_os_str().to_string_lossy().into_owned();
    let name = first.trim_end_matches(".rs").to_owned();
    (name != "lib" && name != "main").then_some(name)
}

/// First names after `crate::` in code, groups in braces included.
fn crate_paths(code: &str) -> Vec<String> {
    let identifier = |text: &str| {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
    };
    let mut names = Vec::new();
    for (start, _) in code.match_indices("crate::") {
        let rest = &code[start + "crate::".len()..];
        if !rest.starts_with('{') {
            names.push(identifier(rest));
            continue;
        }
        let mut depth = 0;
        for (at, c) in rest.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            if depth == 1 && (c == '{' || c == ',') {
                names.push(identifier(&rest[at + 1..]));
            }
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn no_module_imports_a_later_one() {
    let order: BTreeMap<String, usize> = modules().into_iter().zip(0..).collect();
    assert!(order.len() > 10, "lib.rs lists the modules");
    let mut edges = 0;
    for (path, code) in product_files() {
        let Some(module) = module_of(&path) else { continue };
        let own = *order.get(&module).unwrap_or_else(|| panic!("lib.rs does not list `{module}`"));
        for name in crate_paths(&code) {
            if let Some(&other) = order.get(&name) {
                edges += 1;
                assert!(other <= own, "`{module}` imports the later `{name}`: {}", path.display());
            }
        }
    }
    assert!(edges > 10, "the scan sees imports: {edges}");
}

/// Files outside `allowed` (module, or module/file stem) whose product code has one of `words` as a whole word.
fn offenders(allowed: &[&str], words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, code) in product_files() {
        let relative =
            path.strip_prefix(source_root()).expect("below the sources").to_string_lossy().into_owned();
        let is_allowed = allowed
            .iter()
            .any(|prefix| relative == format!("{prefix}.rs") || relative.starts_with(&format!("{prefix}/")));
        for word in words.iter().filter(|_| !is_allowed) {
            let inside = |c: char| c.is_alphanumeric() || c == '_';
            let is_named = code.match_indices(word).any(|(at, _)| {
                !code[..at].ends_with(inside)
                    && (word.ends_with(['!', ':', '(']) || !code[at + word.len()..].starts_with(inside))
            });
            if is_named {
                found.push(format!("{relative} names `{word}`"));
            }
        }
    }
    found
}

#[test]
fn crates_are_named_where_they_belong() {
    let none: Vec<String> = Vec::new();
    assert_eq!(offenders(&["nn"], &["ort"]), none);
    assert_eq!(offenders(&["export/gltf"], &["gltf_json"]), none);
    assert_eq!(offenders(&["cli", "main"], &["clap"]), none);
    assert_eq!(offenders(&["video"], &["videoio"]), none);
    assert_eq!(offenders(&["review/serve"], &["tiny_http"]), none);
}

#[test]
fn only_the_command_line_prints() {
    let printing = ["println!", "eprintln!", "print!", "eprint!", "dbg!", "todo!", "unimplemented!"];
    assert_eq!(offenders(&["cli", "main"], &printing), Vec::<String>::new());
}

#[test]
fn only_physics_builds_a_scene() {
    assert_eq!(offenders(&["physics"], &["Scene::assemble"]), Vec::<String>::new());
}

#[test]
fn the_scan_reads_code_as_meant() {
    let code = without_comments_and_strings(
        "let a = \"crate::late\"; // crate::late\nuse crate::{cam::X, math::{P, Q}}; '\"' r#\"crate::raw\"# crate::pose::Y",
    );
    assert_eq!(crate_paths(&code), ["cam", "math", "pose"]);
    assert!(!code.contains("raw") && !code.contains("late"));
}
