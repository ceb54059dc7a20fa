//! Which tests, examples and programs the workspace has, as cargo tells.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::system;

/// The targets of every package of the workspace.
#[derive(Debug, Deserialize)]
pub struct Targets {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
    /// Whether a plain `cargo test` runs it. The exercises' grades run by name only.
    test: bool,
    /// Without these features it is left out.
    #[serde(default, rename = "required-features")]
    required_features: Vec<String>,
}

impl Target {
    fn is(&self, kind: &str) -> bool {
        self.kind == [kind]
    }
}

impl Targets {
    /// Asks cargo.
    ///
    /// # Errors
    /// When cargo fails or tells something else than before.
    pub fn read() -> Result<Self> {
        let mut command = system::cargo();
        let metadata = command.args(["metadata", "--no-deps", "--format-version", "1"]);
        let metadata = system::output(metadata).context("cargo metadata failed")?;
        serde_json::from_str(&metadata).context("cargo metadata is not as expected")
    }

    /// The names of the integration tests of the package called `name`.
    ///
    /// # Errors
    /// When a test of another package has the same name: tests are chosen by name.
    pub fn tests_of(&self, name: &str) -> Result<BTreeSet<String>> {
        Ok(self.tests_in_and_out(name)?.0)
    }

    /// The names of the integration tests of all packages but the one called `name`.
    ///
    /// # Errors
    /// As [`Targets::tests_of`].
    pub fn tests_without(&self, name: &str) -> Result<BTreeSet<String>> {
        Ok(self.tests_in_and_out(name)?.1)
    }

    fn tests_in_and_out(&self, name: &str) -> Result<(BTreeSet<String>, BTreeSet<String>)> {
        let (mut within, mut without) = (BTreeSet::new(), BTreeSet::new());
        for package in &self.packages {
            let names = if package.name == name { &mut within } else { &mut without };
            let plain = |target: &&Target| target.test && target.required_features.is_empty();
            let tests = package.targets.iter().filter(|target| target.is("test")).filter(plain);
            names.extend(tests.map(|target| target.name.clone()));
        }
        if let Some(name) = within.intersection(&without).next() {
            bail!(
                "two packages have a test file {name}.rs, one with and one without a browser: \
                 rename one, so that it can be chosen"
            );
        }
        Ok((within, without))
    }

    /// The names of the tests that run by name only: those that grade the exercises.
    pub fn grades(&self) -> BTreeSet<String> {
        self.named(|target| target.is("test") && !target.test)
    }

    /// The names of the targets of this kind that need a feature of the kernels.
    pub fn behind_features(&self, kind: &str) -> BTreeSet<String> {
        self.named(|target| target.is(kind) && !target.required_features.is_empty())
    }

    fn named(&self, wanted: impl Fn(&Target) -> bool) -> BTreeSet<String> {
        let targets = self.packages.iter().flat_map(|package| &package.targets);
        targets.filter(|target| wanted(target)).map(|target| target.name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(of_reader: &str) -> Targets {
        let json = format!(
            r#"{{"packages": [
                {{"name": "book", "targets": [{{"name": "book", "kind": ["lib"], "test": true}},
                    {{"name": "changes", "kind": ["test"], "test": true}},
                    {{"name": "ch04-softmax", "kind": ["test"], "test": false}}]}},
                {{"name": "kernels", "targets": [
                    {{"name": "on_gpu", "kind": ["test"], "test": true,
                        "required-features": ["wgpu"]}}]}},
                {{"name": "reader-tests", "targets": [
                    {{"name": "{of_reader}", "kind": ["test"], "test": true}}]}}]}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn tests_are_sorted_by_package() {
        let found = targets("pages");
        let names = |name: &str| BTreeSet::from([name.to_owned()]);
        assert_eq!(found.tests_of("reader-tests").unwrap(), names("pages"));
        assert_eq!(found.tests_without("reader-tests").unwrap(), names("changes"));
        assert_eq!(found.grades(), names("ch04-softmax"));
        assert_eq!(found.behind_features("test"), names("on_gpu"));
    }

    #[test]
    fn two_tests_of_one_name_cannot_be_sorted() {
        let error = targets("changes").tests_of("reader-tests").unwrap_err();
        assert!(error.to_string().contains("changes.rs"), "{error}");
    }
}
