//! The pages for users name tests and files that exist.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The text of all sources below a folder.
fn sources(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "target") {
                sources(&path, into);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// Whether a source has a test of this name: a function right below an attribute that makes it one.
fn has_test(source: &str, name: &str) -> bool {
    let head = format!("fn {name}(");
    source.match_indices(&head).any(|(at, _)| {
        let above = source[..at].trim_end_matches("async ").trim_end();
        let attribute = above.lines().next_back().unwrap_or_default().trim();
        attribute.starts_with("#[") && attribute.contains("test")
    })
}

#[test]
fn each_row_of_the_table_names_tests_that_exist() {
    let mut all = String::new();
    for member in ["tests", "webhooks-core", "webhooks-tower", "webhooks-axum"] {
        sources(&root().join(member), &mut all);
    }
    let page = fs::read_to_string(root().join("docs/from-webhooks_emitter.md")).unwrap();
    let rows: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.contains("shown by"))
        .collect();
    assert!(rows.len() > 25, "the tables have {} rows", rows.len());
    for row in rows {
        let cell = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let names: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test in {row}");
        for name in names {
            let found = match name.split_once("::") {
                Some((module, name)) => {
                    let path = root().join(format!("tests/e2e/{module}.rs"));
                    has_test(&fs::read_to_string(path).unwrap_or_default(), name)
                }
                None => has_test(&all, name),
            };
            assert!(found, "no test `{name}`");
        }
    }
}

/// The pages for users.
fn pages() -> Vec<PathBuf> {
    let folders = [
        "",
        "docs",
        "webhooks-core",
        "webhooks-tower",
        "webhooks-axum",
    ];
    let files = folders
        .iter()
        .flat_map(|folder| fs::read_dir(root().join(folder)).unwrap())
        .map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect()
}

#[test]
fn each_link_between_the_pages_leads_to_a_file() {
    let mut links = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let targets = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains("://")) {
            let file = target.split('#').next().unwrap();
            let path = page.parent().unwrap().join(file);
            assert!(path.exists(), "{} links to {target}", page.display());
            links += 1;
        }
    }
    assert!(links > 0);
}
