//! The picture of the whole model, natively: its sizes follow from the model's, it says what it
//! shows, and nothing breaks it.

use scraper::{ElementRef, Html};
use widgets::draw::label::width;
use widgets::draw::mark::Area;
use widgets::transformer::{
    CHAPTERS, Map, Outline, Part, Setup, Shape, State, Transformer, card, small,
};
use widgets::{Opened, Widget};

use crate::common::{
    all, cells, counts, ignores, opens, refuses, refuses_setups, send, status, text, view,
};
use crate::contract::Contract;

fn setup() -> Setup {
    Setup {
        model: "SmolLM2".into(),
        shape: Shape {
            layers: 30,
            heads: 9,
            kv_heads: 3,
            head_dim: 64,
            d_model: 576,
            d_ff: 1536,
            vocabulary: 49_152,
        },
        tokens: [("The", 504), (" capital", 3575), (" of", 282), (" France", 4649), (" is", 314)]
            .map(|(text, id)| (text.to_owned(), id))
            .to_vec(),
        map: Map {
            layer: 13,
            head: 8,
            weights: vec![
                vec![1.0],
                vec![0.8, 0.2],
                vec![0.6, 0.3, 0.1],
                vec![0.7, 0.1, 0.1, 0.1],
                vec![0.05, 0.9, 0.03, 0.01, 0.01],
            ],
        },
        next: [("Paris", 0.77), ("the", 0.06), ("London", 0.012), ("<b>", 0.01), ("New", 0.009)]
            .map(|(text, share)| (format!(" {text}"), share))
            .to_vec(),
    }
}

fn of(shape: Shape) -> Setup {
    let map = Map { layer: 0, head: 0, ..setup().map };
    Setup { shape, map, ..setup() }
}

fn transformer(setup: Setup) -> Opened<Transformer> {
    Opened::new(setup).expect("a sound setup")
}

fn is_sound(html: &Html, state: &State) -> Result<(), String> {
    counts(
        html,
        &[
            ("svg", 2),
            ("[role=radio]", 2 * Part::ALL.len()),
            ("[role=radio][tabindex='0']", 2),
            ("[role=radio][aria-checked=true]", if state.part.is_some() { 2 } else { 0 }),
            ("option[selected]", 1),
            (".parts tbody tr", Part::ALL.len()),
        ],
    )?;
    let lit = all(html, ".here[role=radio]").len();
    let expected = if state.look.or(state.part).is_some() { 2 } else { 0 };
    if lit == expected { Ok(()) } else { Err(format!("{lit} parts are lit, not {expected}")) }
}

#[test]
fn it_opens_on_the_whole_and_names_what_there_is() {
    let widget = transformer(setup());
    let html = view(&widget);
    assert!(status(&widget).starts_with("Every part reads a rail and adds to it."));
    let label = all(&html, "svg[role=group]")[0].attr("aria-label").unwrap().to_owned();
    assert!(label.contains("“The capital of France is”") && label.contains("“Paris”"), "{label}");
    let drawn: Vec<String> = all(&html, ".for-wide text").iter().map(text).collect();
    for shown in ["is", "Paris", ".77", "29 more", "9 heads", "3 heads", "one of 30 layers"] {
        assert!(drawn.iter().any(|text| text == shown), "no {shown} in {drawn:?}");
    }
    let rows = cells(&html, ".parts tbody tr", "th, td");
    assert_eq!(rows[1][..2], ["Embedding", "[49152, 576]"]);
    assert_eq!(rows[6][..2], ["Keys", "W_K [576, 192] makes [3, n, 64]"]);
    assert_eq!(rows[8][1], "2 × 30 layers × [3, n, 64]");
    assert!(!widget.view().contains("<b>:"), "tokens are escaped");
}

#[test]
fn it_is_drawn_from_the_models_sizes() {
    let shape = Shape {
        layers: 7,
        heads: 8,
        kv_heads: 2,
        head_dim: 10,
        d_model: 90,
        d_ff: 200,
        vocabulary: 1000,
    };
    let count = |html: &Html, selector: &str| all(html, &format!(".for-wide {selector}")).len();
    let html = view(&transformer(of(shape)));
    assert_eq!(count(&html, "rect.fill-query"), 8);
    assert_eq!(count(&html, "rect.fill-output"), 8);
    assert_eq!(count(&html, "rect.fill-key"), 2);
    assert_eq!(count(&html, "rect.fill-value"), 2);
    let drawn: Vec<String> = all(&html, ".for-narrow text").iter().map(text).collect();
    assert!(drawn.contains(&"6 more".to_owned()), "{drawn:?}");
    let rows = cells(&html, ".parts tbody tr", "th, td");
    assert_eq!(rows[5][1], "W_Q [90, 80] makes [8, n, 10]");
    assert!(rows[6][2].contains("4 query heads share one key head"), "{:?}", rows[6]);
    assert_eq!(rows[14][1], "W_O [80, 90]");
    assert!(rows[17][2].contains("the 56 heads"), "{:?}", rows[17]);
}

#[test]
fn a_part_says_its_name_its_shape_and_its_chapter() {
    let mut widget = transformer(setup());
    for part in Part::ALL {
        send(&mut widget, &[("part", part.id())]);
        let (html, about) = (view(&widget), part.about(&setup()));
        assert_eq!(status(&widget), about.does);
        let named = text(&all(&html, ".part-name")[0]);
        assert!(named.starts_with(about.name) && named.contains(&about.shape), "{named}");
        let link = all(&html, ".part-name a").first().and_then(|it| it.attr("href"));
        let page = about.chapter.map(|number| format!("{}.html", CHAPTERS[number - 1].0));
        assert_eq!(link.map(str::to_owned), page);
    }
    let chapters: Vec<usize> =
        Part::ALL.into_iter().filter_map(|part| part.about(&setup()).chapter).collect();
    // Cross-attention is another way to use a part: the sentence names it.
    let named = (1..=CHAPTERS.len()).filter(|number| *number != 7);
    assert!(named.clone().all(|number| chapters.contains(&number)), "{chapters:?}");
}

#[test]
fn what_is_pointed_at_is_shown_until_it_is_left() {
    let mut widget = transformer(setup());
    send(&mut widget, &[("part", "mask"), ("look", "keys")]);
    assert!(status(&widget).starts_with("What each token can be found by."));
    assert_eq!(widget.address(), "?transformer=mask");
    send(&mut widget, &[("look", "")]);
    assert!(status(&widget).starts_with("What comes later is hidden"));
    send(&mut widget, &[("part", "whole")]);
    assert!(status(&widget).starts_with("Every part reads"));
}

#[test]
fn keys_walk_through_the_parts() {
    let mut widget = transformer(setup());
    for (key, part) in [
        ("Enter", Part::Tokens),
        ("ArrowRight", Part::Embedding),
        ("ArrowDown", Part::Rail),
        ("ArrowLeft", Part::Embedding),
        ("End", Part::Next),
        ("ArrowRight", Part::Next),
        ("Home", Part::Tokens),
        ("ArrowUp", Part::Tokens),
    ] {
        send(&mut widget, &[("parts", key)]);
        assert_eq!(widget.state().part, Some(part), "{key}");
    }
    assert_eq!(widget.update("parts", "Tab"), Ok(false));
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let mut widget = transformer(setup());
    refuses(&mut widget, &[("part", "engine"), ("part", ""), ("look", "whole"), ("dance", "")]);
    assert_eq!(widget.wants(), None);
    assert!(widget.receive("gallery/cat.bin", &[]).is_err());
}

#[test]
fn an_address_opens_a_view_and_a_bad_one_is_ignored() {
    let there = opens::<Transformer>(&setup(), "?transformer=output-matrix");
    assert_eq!(there.state().part, Some(Part::OutputMatrix));
    let bad = ["", "?transformer", "?transformer=engine", "?transformer=mask_1"];
    ignores::<Transformer>(&setup(), &bad);
}

#[test]
fn a_setup_that_contradicts_itself_is_refused() {
    let broken: [fn(&mut Setup); 10] = [
        |setup| setup.shape.vocabulary = 0,
        |setup| setup.shape.layers = 1,
        |setup| setup.shape.kv_heads = 4,
        |setup| setup.tokens.truncate(1),
        |setup| setup.tokens.push(setup.tokens[0].clone()),
        |setup| setup.map.head = 9,
        |setup| setup.map.weights[2].truncate(2),
        |setup| setup.map.weights[0][0] = f32::NAN,
        |setup| setup.next.clear(),
        |setup| setup.next[0].1 = 1.5,
    ];
    refuses_setups::<Transformer>(broken.map(|spoil| {
        let mut spoilt = setup();
        spoil(&mut spoilt);
        spoilt
    }));
}

/// The size of a text's letters, by its class.
fn size(class: &str) -> f64 {
    let has = |name: &str| class.split(' ').any(|word| word == name);
    match () {
        () if has("least") => 11.5,
        () if has("small") => 12.0,
        () if has("large") => 15.0,
        () => 13.0,
    }
}

/// The box of a text.
fn area(element: &ElementRef<'_>) -> Area {
    let number = |name| element.attr(name).and_then(|it| it.parse::<f64>().ok()).unwrap();
    let class = element.attr("class").unwrap_or_default();
    let size = size(class);
    // The estimate is for broad fonts; a little less is what they take.
    let width = width(&text(element), size) * 0.9;
    let start = match class {
        class if class.contains("mid") => number("x") - width / 2.0,
        class if class.contains("end") => number("x") - width,
        _ => number("x"),
    };
    Area::new(start, number("y") - size * 0.78, width, size * 0.95)
}

/// Checks that no text of a drawing leaves it or lies on another one.
fn texts_have_room(svg: &ElementRef<'_>) {
    let size = svg.attr("viewBox").unwrap().strip_prefix("0 0 ").unwrap();
    let (width, height) = size.split_once(' ').unwrap();
    let (width, height): (f64, f64) = (width.parse().unwrap(), height.parse().unwrap());
    let selector = scraper::Selector::parse("text").unwrap();
    let texts: Vec<_> = svg.select(&selector).filter(|it| !text(it).is_empty()).collect();
    for (at, one) in texts.iter().enumerate() {
        let here = area(one);
        let inside = here.x >= -1.0 && here.right() <= width + 1.0 && here.bottom() <= height;
        assert!(inside && here.y >= 0.0, "“{}” leaves the drawing: {here:?}", text(one));
        for other in &texts[..at] {
            assert!(!here.meets(&area(other)), "“{}” lies on “{}”", text(one), text(other));
        }
    }
}

#[test]
fn no_text_lies_on_another_or_leaves_the_picture() {
    let html = view(&transformer(setup()));
    for svg in all(&html, "svg") {
        texts_have_room(&svg);
    }
    let outline = Outline::from(&setup());
    for chapter in 1..=CHAPTERS.len() {
        let drawn = Html::parse_fragment(&small(chapter, &outline).unwrap().into_string());
        let svgs = all(&drawn, "svg[role=img]");
        assert_eq!(svgs.len(), 2);
        svgs.iter().for_each(texts_have_room);
        let drawn = Html::parse_fragment(&card(chapter, &outline).unwrap().into_string());
        texts_have_room(&all(&drawn, "svg[role=img]")[0]);
    }
}

#[test]
fn each_chapter_lights_its_own_part() {
    let outline = Outline::from(&setup());
    let drawn: Vec<String> =
        (1..=10).map(|chapter| small(chapter, &outline).unwrap().into_string()).collect();
    for (at, picture) in drawn.iter().enumerate() {
        assert!(picture.contains("line-accent"), "nothing is lit in chapter {}", at + 1);
        assert!(!drawn[..at].contains(picture), "chapter {} looks like another", at + 1);
        let html = Html::parse_fragment(picture);
        let words = all(&html, "text.ink-accent").last().map(text).unwrap();
        let label = all(&html, "svg")[0].attr("aria-label").unwrap().to_owned();
        assert!(label.ends_with(&words), "{label} does not say {words}");
        assert!(picture.contains("29 more layers") && picture.contains(">Paris<"), "{picture}");
    }
    assert!(small(0, &outline).is_none() && small(11, &outline).is_none());
    assert!(card(0, &outline).is_none() && card(10, &outline).is_some());
    // Without the weights there is a picture as well.
    let bare = Outline { row: Vec::new(), next: Vec::new(), ..outline };
    assert!(small(4, &bare).unwrap().into_string().contains("line-accent"));
}

#[test]
pub(crate) fn keeps_the_contract() {
    let words = Part::ALL.map(Part::id).into_iter().chain(["whole", "Enter"]);
    Contract {
        widget: transformer(setup()),
        events: crate::contract::list("part look parts"),
        words: words.map(str::to_owned).collect(),
        kept: |state| State { look: None, ..*state },
        sound: is_sound,
    }
    .holds();
}
