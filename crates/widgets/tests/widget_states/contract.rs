//! What holds for every widget, whatever a reader does.

use attention::random::Random;
use scraper::Html;
use widgets::machine::{RESET, Refusal};
use widgets::{Machine, Opened, Widget};

/// So many events are applied.
const EVENTS: usize = 1_000_000;

/// What the random events follow from.
const SEED: u64 = 11;

/// After so many of them the view is looked at.
const LOOKS: usize = 1_000;

/// The keys that a grid uses, and one that it does not.
const KEYS: [&str; 9] = [
    "ArrowLeft",
    "ArrowRight",
    "ArrowUp",
    "ArrowDown",
    "Home",
    "End",
    "Ctrl+Home",
    "Ctrl+End",
    "Tab",
];

/// A widget, and from what random events are drawn.
pub(crate) struct Contract<M: Machine> {
    /// The widget as it opens, with its files at hand.
    pub(crate) widget: Opened<M>,
    /// The names of all its events but Reset.
    pub(crate) events: Vec<String>,
    /// Values beside numbers, cells and keys.
    pub(crate) words: Vec<String>,
    /// The part of a state that an address holds.
    pub(crate) kept: fn(&M::State) -> M::State,
    /// What must hold in every view, beside what holds for all widgets.
    pub(crate) sound: fn(&Html, &M::State) -> Result<(), String>,
}

/// Words as the fields of a contract take them.
pub(crate) fn list(words: &str) -> Vec<String> {
    words.split(' ').map(str::to_owned).collect()
}

impl<M: Machine> Contract<M> {
    /// Applies a million random events, and checks each state, and now and then the view.
    pub(crate) fn holds(mut self) {
        let mut random = Random::new(SEED);
        let mut accepted = vec![0; self.events.len()];
        let mut state = self.widget.state().clone();
        for at in 0..EVENTS {
            // Reset would come too often among few events.
            let place = random.below(self.events.len());
            let (name, value) = (self.events[place].clone(), value(&mut random, &self.words));
            if at % LOOKS == 0 {
                let reset = at % (10 * LOOKS) == 0;
                self.looks(state, if reset { RESET } else { &name }, &value);
                state = self.widget.state().clone();
                continue;
            }
            let machine = self.widget.machine();
            let event = M::parse(&name, &value);
            // The data are behind a shared reference here: a refused event can change nothing.
            if let Some(Ok(next)) = event.map(|event| machine.next(&state, &event)) {
                self.leads_back(&next);
                accepted[place] += 1;
                state = next;
            }
        }
        for (name, count) in self.events.iter().zip(accepted) {
            assert!(count > 0, "no random event `{name}` was ever accepted");
        }
    }

    /// Every state's address leads back to it.
    fn leads_back(&self, state: &M::State) {
        let machine = self.widget.machine();
        let link = machine.link(state);
        let there = machine.at(&link).unwrap_or_else(|| panic!("{link} leads nowhere: {state:?}"));
        assert_eq!(there, (self.kept)(state), "{link}");
        assert_eq!(machine.link(&there), link);
    }

    /// The widget in a state, and after one event more as the page sends it.
    fn looks(&mut self, state: M::State, name: &str, value: &str) {
        self.widget.enter(state);
        let (before, view) = (self.widget.state().clone(), self.widget.view());
        self.is_sound(&view);
        let expected = M::parse(name, value)
            .ok_or(Refusal::Invalid)
            .and_then(|event| self.widget.machine().next(&before, &event));
        let meant = match expected {
            _ if name == RESET => Ok(true),
            Ok(_) => Ok(true),
            Err(Refusal::Ignored) => Ok(false),
            Err(Refusal::Invalid) => Err(()),
        };
        assert_eq!(self.widget.update(name, value).map_err(drop), meant, "{name} {value}");
        if meant != Ok(true) {
            assert_eq!(self.widget.state(), &before, "{name} {value}");
            assert_eq!(self.widget.view(), view, "{name} {value}");
        }
        self.is_sound(&self.widget.view());
    }

    /// One live region, no id, no style, only events that are known, and the link to itself.
    fn is_sound(&self, view: &str) {
        let state = self.widget.state();
        assert_eq!(view.matches("role=\"status\"").count(), 1, "{state:?}");
        for never in [" id=\"", " style=\"", "NaN"] {
            assert!(!view.contains(never), "{never} in {state:?}");
        }
        let sent = ["data-event=\"", "data-keys=\"", "data-play=\""]
            .map(|attribute| view.split(attribute).skip(1));
        for rest in sent.into_iter().flatten() {
            let name = rest.split('"').next().unwrap_or_default();
            let known = name == RESET || self.events.iter().any(|event| event == name);
            assert!(known, "`{name}` is not among the events");
        }
        assert!(view.contains(&format!("href=\"{}\"", self.widget.address())), "{state:?}");
        if let Err(problem) = (self.sound)(&Html::parse_fragment(view), state) {
            panic!("{problem}: {state:?}");
        }
    }
}

/// A number, a cell, a key, a word, or letters that mean nothing.
fn value(random: &mut Random, words: &[String]) -> String {
    match random.below(8) {
        0 | 1 => random.below(10).to_string(),
        2 => random.below(100).to_string(),
        3 => format!("{},{}", random.below(9), random.below(9)),
        4 => (random.below(60) as f32 * 0.5 - 15.0).to_string(),
        5 => KEYS[random.below(KEYS.len())].to_owned(),
        6 if !words.is_empty() => words[random.below(words.len())].clone(),
        _ => (0..random.below(7)).map(|_| junk(random)).collect(),
    }
}

/// Any letter, most of them of one byte.
fn junk(random: &mut Random) -> char {
    let most = if random.below(4) == 0 { 0x11_0000 } else { 0x80 };
    char::from_u32(random.below(most) as u32).unwrap_or('€')
}
