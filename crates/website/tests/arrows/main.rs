//! Which crate may know which, and which file of a crate: the arrows point one way.

mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use imports::Crate;

use serde::Deserialize;

/// Each crate of the workspace, and the crates of the workspace that it may use.
const ARROWS: [(&str, &[&str]); 19] = [
    ("attention", &[]),
    ("kernels", &[]),
    ("inputs", &["attention"]),
    // The last one in their tests.
    ("smollm2", &["attention", "inputs"]),
    ("translator", &["attention", "inputs"]),
    ("induction", &["attention"]),
    ("trainer", &["induction"]),
    ("reading", &[]),
    ("reader", &["reading", "smollm2"]),
    ("widgets", &["attention", "induction", "inputs", "reading", "trainer", "translator"]),
    ("listings", &["attention", "induction", "inputs", "kernels", "smollm2", "translator"]),
    // The trainer in its tests, which replay what a page does.
    ("book", &["attention", "induction", "inputs", "smollm2", "trainer", "translator", "widgets"]),
    ("front", &["widgets"]),
    ("early", &["widgets"]),
    ("middle", &["widgets"]),
    ("late", &["widgets"]),
    ("xtask", &[]),
    ("website", &["book", "reader", "smollm2", "widgets", "xtask"]),
    ("reader-tests", &["induction", "reading", "smollm2", "website", "widgets", "xtask"]),
];

/// The crates whose files must not import each other in a circle.
const WITHOUT_CIRCLES: [&str; 5] = ["attention", "book", "inputs", "kernels", "smollm2"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
}

#[test]
fn the_arrows_point_one_way() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let metadata: Metadata = serde_json::from_slice(&output.stdout).expect("cargo's metadata");
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into();
    let crates: BTreeSet<&str> = metadata.packages.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(crates, allowed.keys().copied().collect(), "a crate has no place in ARROWS");
    for package in &metadata.packages {
        for used in package.dependencies.iter().map(|it| it.name.as_str()) {
            let known = crates.contains(used);
            let fine = !known || allowed[package.name.as_str()].contains(&used);
            assert!(fine, "{} must not use {used}", package.name);
        }
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    for name in WITHOUT_CIRCLES {
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src");
        if let Some(circle) = Crate::read(&src).circle() {
            panic!("crates/{name}/src: {}", circle.join(" imports "));
        }
    }
}
