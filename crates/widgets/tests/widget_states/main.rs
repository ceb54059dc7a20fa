//! Every widget, natively: what it shows, how it answers, and that nothing breaks it.

mod assemble;
mod cache;
mod causal_mask;
mod common;
mod contract;
mod decode;
mod flash;
mod gpu;
mod heads;
mod induction;
mod patterns;
mod plane;
mod scale;
mod score_matrix;
mod sharing;
mod spotlight;
mod stepper;
mod temperature;
mod transformer;
mod translation;
mod user_text;

use widgets::registry;

/// A test of each module, by the widget's name.
const CONTRACTS: [(&str, fn()); 18] = [
    ("assemble", assemble::keeps_the_contract),
    ("cache", cache::keeps_the_contract),
    ("causal-mask", causal_mask::keeps_the_contract),
    ("decode", decode::keeps_the_contract),
    ("flash", flash::keeps_the_contract),
    ("gpu", gpu::keeps_the_contract),
    ("heads", heads::keeps_the_contract),
    ("induction", induction::keeps_the_contract),
    ("patterns", patterns::keeps_the_contract),
    ("plane", plane::keeps_the_contract),
    ("scale", scale::keeps_the_contract),
    ("score-matrix", score_matrix::keeps_the_contract),
    ("sharing", sharing::keeps_the_contract),
    ("spotlight", spotlight::keeps_the_contract),
    ("stepper", stepper::keeps_the_contract),
    ("temperature", temperature::keeps_the_contract),
    ("transformer", transformer::keeps_the_contract),
    ("translation", translation::keeps_the_contract),
];

#[test]
fn every_widget_of_the_registry_keeps_the_contract() {
    let mut names: Vec<&str> = registry::all().map(|entry| entry.name).collect();
    names.sort_unstable();
    assert_eq!(CONTRACTS.map(|(name, _)| name).as_slice(), names);
}

#[test]
fn a_name_that_no_widget_has_is_refused() {
    assert!(matches!(widgets::open("torch", "{}", ""), Err(widgets::Error::Unknown { .. })));
    assert!(registry::module_of("torch").is_none());
}

#[test]
fn a_module_opens_only_its_own_widgets() {
    for entry in registry::all() {
        let home = registry::module_of(entry.name).unwrap();
        for module in &registry::MODULES {
            let opened = registry::open_of(module.widgets, entry.name, "no setup", "");
            let Err(error) = opened else { panic!("{} opens with no setup", entry.name) };
            let unknown = matches!(error, widgets::Error::Unknown { .. });
            assert_eq!(unknown, module.name != home.name, "{} in {}", entry.name, module.name);
        }
    }
}
