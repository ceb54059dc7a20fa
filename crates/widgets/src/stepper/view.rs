//! The stepper as HTML. Each number is printed; shade only repeats it.

use maud::{Markup, html};

use super::real::RealHead;
use super::steps::{Matrix, Step, Steps};
use super::toy::{Given, LIMIT, Toy};
use super::workings::{Power, Term, Workings, factors, workings};
use super::{BOOK, State, Stepper, Typed};
use crate::decimal;
use crate::machine::Machine;
use crate::parts::{Grid, Shown, Slider, actions, back_next, menu, scale, switch};
use crate::show::{number, shade, share};
use crate::user_text;

/// What the view needs of a step, gathered once.
struct Scene<'a> {
    stepper: &'a Stepper,
    state: &'a State,
    steps: Steps,
    tokens: Vec<String>,
    /// The toy, unless the real head stands in its place.
    toy: Option<&'a Toy>,
}

/// The whole widget.
pub(super) fn whole(stepper: &Stepper, state: &State) -> Markup {
    let scene = stepper.steps(state).map(|steps| Scene {
        stepper,
        state,
        steps,
        tokens: stepper.tokens(state),
        toy: (!state.real).then_some(&state.toy),
    });
    html! {
        div class="view stepper" {
            (controls(stepper, state))
            @match scene {
                Some(scene) => {
                    (one_step(&scene))
                    @if scene.toy.is_some() { (every_step(&scene)) }
                }
                None => p class="status" role="status" { (waiting(stepper)) },
            }
        }
    }
}

fn controls(stepper: &Stepper, state: &State) -> Markup {
    let step = state.step;
    let (last, at) = (Step::ALL.len() - 1, step.place());
    let shown = format!("{} of {}: {}", at + 1, last + 1, step.name());
    html! {
        div class="controls needs-script" {
            (Slider {
                label: "Step",
                event: "step",
                min: 0.0,
                max: last as f64,
                step: 1.0,
                value: at as f64,
                shown: &shown,
                spoken: &format!("step {shown}"),
            }.view())
            (back_next(at, last, "Next", html! {}))
            (switch("Causal mask: no word sees a later one", "causal", state.causal))
            @if let Some(real) = &stepper.setup.real {
                (switch(
                    &format!("The real thing: layer {}, head {} of SmolLM2", real.layer, real.head),
                    "real",
                    state.real,
                ))
            }
            @if let (Some(book), Some(user)) = (&stepper.setup.real, &stepper.user_head) {
                @let texts = [(BOOK, &book.text), (user_text::NAME, &user.place.text)];
                @let texts = texts.map(|(name, text)| (name.to_owned(), text.clone()));
                @let chosen = if state.user_text { user_text::NAME } else { BOOK };
                (menu("What the real head reads", "text", &texts, chosen))
            }
            (actions(&stepper.link(state)))
        }
    }
}

fn waiting(stepper: &Stepper) -> Markup {
    html! {
        @match stepper.book_head.problem() {
            Some(problem) => {
                "The real head could not be loaded: " (problem) ". Go back to the toy, or try again. "
                button type="button" data-event="again" { "Try again" }
            }
            None => "Loading the real head…",
        }
    }
}

/// The step that is chosen: what goes in, what comes out, and how the chosen number came about.
fn one_step(scene: &Scene<'_>) -> Markup {
    let step = scene.state.step;
    let grid = scene.stepper.grid(scene.state);
    let workings = grid.map(|_| workings(&scene.steps, scene.toy, step, scene.state.cell));
    html! {
        div class="one-step" {
            p class="title" { (title(step)) }
            @if let (None, Some(head)) = (scene.toy, scene.stepper.head(scene.state)) {
                p class="about" { (about_the_head(head, step)) }
            }
            div class="product" {
                @match scene.toy {
                    Some(toy) => (operands(scene, toy)),
                    None => {}
                }
                @if grid.is_some() { (result(scene)) }
            }
            p class="status" role="status" {
                (status(scene, workings.as_ref()))
            }
            @if let Some(workings) = &workings { (working_table(scene, workings)) }
            @if grid.is_some() { (legend(scene)) }
        }
    }
}

/// All steps of the toy at once: for paper, and for a page without scripts.
fn every_step(scene: &Scene<'_>) -> Markup {
    html! {
        div class="every-step" {
            @for step in Step::ALL {
                @if let Some(matrix) = scene.steps.get(step) {
                    (plain(scene, title(step), step, matrix))
                }
                @if let (Some(given), Some(toy)) = (step.learned(), scene.toy) {
                    div class="operand" {
                        p class="caption" { (name(given)) ", learned" }
                        (numbers(&toy.matrix(given), None, 3, |_, _| false))
                    }
                }
            }
        }
    }
}

fn plain(scene: &Scene<'_>, caption: Markup, step: Step, matrix: &Matrix) -> Markup {
    html! {
        div class="operand" {
            p class="caption" { (caption) }
            (numbers(matrix, Some(&scene.tokens), decimals(scene, step), |_, _| false))
        }
    }
}

/// What a step does, as a formula and in words.
fn title(step: Step) -> Markup {
    html! {
        @match step {
            Step::X => { "X: what each word means, before it has looked around" },
            Step::Query => { "Q = X " (name(Given::Query)) ": what each word looks for" },
            Step::Key => { "K = X " (name(Given::Key)) ": what each word offers" },
            Step::Value => { "V = X " (name(Given::Value)) ": what each word carries" },
            Step::Scores => { "scores = Q K" sup { "T" } ": each query with each key" },
            Step::Scaled => { "scaled = scores / √d: the same, smaller" },
            Step::Masked => { "masked: −∞ where a word may not look" },
            Step::Weights => { "weights = softmax of each row: the shares" },
            Step::Output => { "output = weights V: the values, mixed in these shares" },
            Step::Projected => { "output " (name(Given::Output)) ": back to the width of X" },
        }
    }
}

/// `W_Q` with its letter below.
fn name(given: Given) -> Markup {
    html! {
        @match given.name().split_once('_') {
            Some((letter, below)) => { (letter) sub { (below) } },
            None => (given.name()),
        }
    }
}

/// What is different in the real head.
fn about_the_head(head: &RealHead, step: Step) -> Markup {
    let (d_model, head_dim) = (head.d_model, head.head_dim);
    let list = |heads: &[usize]| {
        let names: Vec<String> = heads.iter().map(usize::to_string).collect();
        match names.split_last() {
            Some((last, others)) if !others.is_empty() => {
                format!("{} and {last}", others.join(", "))
            }
            _ => names.concat(),
        }
    };
    html! {
        "The text: “" (head.place.text) "”. "
        @match step {
            Step::X => {
                "Each of its " (head.tokens.len()) " tokens comes in as " (d_model)
                " numbers, made by the layers before. They are too many to show here: go on to Q."
            },
            Step::Query => {
                "A query has " (head_dim) " numbers, each a sum of " (d_model)
                " products. The first " (head_dim.min(super::SHOWN))
                " are here, already turned to the token’s place in the text (RoPE)."
            },
            Step::Key => {
                "Query heads " (list(&head.shared_by)) " share these keys: the layer’s key and "
                "value head " (head.kv_head) ". The first " (head_dim.min(super::SHOWN)) " of "
                (head_dim) " numbers are here, already turned to the token’s place in the text "
                "(RoPE)."
            },
            Step::Value => {
                "Query heads " (list(&head.shared_by)) " share these values. The first "
                (head_dim.min(super::SHOWN)) " of " (head_dim)
                " numbers are here. Values are not turned to their places."
            },
            Step::Scores => { "A score is the sum of " (head_dim) " products." },
            Step::Scaled => { "The root of " (head_dim) " is " (number((head_dim as f32).sqrt(), 0)) "." },
            Step::Masked => {
                "SmolLM2 always has the mask on. Without it you see scores that the model never uses."
            },
            Step::Weights => { "This is the map that the spotlight of chapter 1 shows." },
            Step::Output => {
                "The first " (head_dim.min(super::SHOWN)) " of " (head_dim) " numbers are here."
            },
            Step::Projected => {
                "W" sub { "O" } " takes the outputs of all the layer’s heads, side by side, and "
                "makes " (d_model) " numbers of them again. No head comes out alone, so there is "
                "nothing to show for this one."
            },
        }
    }
}

/// What goes into the step: X and the learned matrix to type in, or the matrices before.
fn operands(scene: &Scene<'_>, toy: &Toy) -> Markup {
    let state = scene.state;
    let (step, (row, column)) = (state.step, state.cell);
    let tokens = Some(&scene.tokens[..]);
    let operand = |caption: Markup, table: Markup| {
        html! { div class="operand" { p class="caption" { (caption) } (table) } }
    };
    let before = |step: Step, used: &dyn Fn(usize, usize) -> bool| {
        let matrix = scene.steps.made(step);
        operand(shape(step.name(), matrix), numbers(matrix, tokens, 3, used))
    };
    let sign = |sign: &str| html! { span class="sign" aria-hidden="true" { (sign) } };
    html! {
        @match step {
            Step::X => (operand(shape("X", &toy.matrix(Given::X)), fields(scene, toy, Given::X, None))),
            Step::Query | Step::Key | Step::Value => {
                (operand(
                    shape("X", &toy.matrix(Given::X)),
                    numbers(&toy.matrix(Given::X), tokens, 3, |r, _| r == row),
                ))
                (sign("×"))
                (learned(scene, toy, step))
            },
            Step::Scores => {
                (before(Step::Query, &|r, _| r == row))
                (sign("×"))
                (before(Step::Key, &|r, _| r == column))
            },
            Step::Scaled => (before(Step::Scores, &|r, c| (r, c) == (row, column))),
            Step::Masked => (before(Step::Scaled, &|r, c| (r, c) == (row, column))),
            Step::Weights => (before(Step::Masked, &|r, _| r == row)),
            Step::Output => {
                (before(Step::Weights, &|r, _| r == row))
                (sign("×"))
                (before(Step::Value, &|_, c| c == column))
            },
            Step::Projected => {
                (before(Step::Output, &|r, _| r == row))
                (sign("×"))
                (learned(scene, toy, step))
            },
        }
        @if step != Step::X {
            (sign(if factors(&scene.steps, scene.toy, step).is_some() { "=" } else { "→" }))
        }
    }
}

/// The learned matrix of a step, to type in.
fn learned(scene: &Scene<'_>, toy: &Toy, step: Step) -> Markup {
    html! {
        @if let Some(given) = step.learned() {
            div class="operand" {
                p class="caption" { (name(given)) ", learned" }
                (fields(scene, toy, given, Some(scene.state.cell.1)))
            }
        }
    }
}

/// A name and a shape: `Q [4, 2]`.
fn shape(name: &str, matrix: &Matrix) -> Markup {
    html! { (name) " [" (matrix.rows) ", " (matrix.columns) "]" }
}

/// A matrix to read. `rows` are the words beside it, and `used` says which cells to mark.
fn numbers(
    matrix: &Matrix,
    rows: Option<&[String]>,
    decimals: usize,
    used: impl Fn(usize, usize) -> bool,
) -> Markup {
    html! {
        div class="scroll" {
            table class="matrix" {
                tbody {
                    @for row in 0..matrix.rows {
                        tr {
                            @if let Some(rows) = rows { th scope="row" { (rows[row]) } }
                            @for column in 0..matrix.columns {
                                td class=[used(row, column).then_some("used")] {
                                    (number(matrix.at(row, column), decimals))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A matrix of the toy, to type in. The column `used` is marked.
fn fields(scene: &Scene<'_>, toy: &Toy, given: Given, used: Option<usize>) -> Markup {
    let matrix = toy.matrix(given);
    let words = (given == Given::X).then_some(&scene.tokens);
    html! {
        div class="scroll" {
            table class="matrix" {
                tbody {
                    @for row in 0..matrix.rows {
                        tr {
                            @if let Some(words) = words { th scope="row" { (words[row]) } }
                            @for column in 0..matrix.columns {
                                td class=[(used == Some(column)).then_some("used")] {
                                    (field(scene, given, (row, column), matrix.at(row, column)))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// One field. What is no number stays as it was typed, and says so.
fn field(scene: &Scene<'_>, given: Given, cell: (usize, usize), good: f32) -> Markup {
    let mut typed = scene.state.typed.iter();
    let wrong = typed.find(|typed| (typed.given, typed.cell) == (given, cell));
    let event = format!("{}-{}-{}", given.name(), cell.0, cell.1);
    let value = wrong.map_or_else(|| plainly(good), |typed| typed.text.clone());
    html! {
        label {
            span class="unseen" { (called(scene, given, cell)) }
            input class="needs-script" type="text" name=(event) data-event=(event) value=(value)
                autocomplete="off" spellcheck="false" size="5"
                aria-invalid=[wrong.map(|_| "true")];
            span class="no-script" { (plainly(good)) }
            @if wrong.is_some() { span class="entry-problem" { "no: " (plainly(good)) " stays" } }
        }
    }
}

/// A number as one types it: `0.50`, `0.125`.
fn plainly(good: f32) -> String {
    let short = format!("{good:.2}");
    let is_good = decimal::read(&short).is_some_and(|number| number as f32 == good);
    if is_good { short } else { good.to_string() }
}

/// What a field is called: `X, cat, number 2`; `W_Q, row 1, column 2`.
fn called(scene: &Scene<'_>, given: Given, (row, column): (usize, usize)) -> String {
    match given {
        Given::X => format!("X, {}, number {}", scene.tokens[row], column + 1),
        _ => format!("{}, row {}, column {}", given.name(), row + 1, column + 1),
    }
}

/// The step's own matrix as a grid.
fn result(scene: &Scene<'_>) -> Markup {
    let state = scene.state;
    let step = state.step;
    let Some(((rows, columns), matrix)) = scene.stepper.grid(state).zip(scene.steps.get(step))
    else {
        return html! {};
    };
    let labels: Vec<String> = match step.is_square() {
        true => scene.tokens.clone(),
        false => (1..=columns).map(|column| column.to_string()).collect(),
    };
    let (low, high) = range(step, matrix);
    let grid = Grid {
        label: &format!("{}, {rows} by {columns}: a row for each token", step.name()),
        corner: if step.is_square() { "answers" } else { "" },
        rows: &scene.tokens,
        columns: &labels,
        stop: state.cell,
        chosen: Some(state.cell.0),
        keys: "key",
        press: "cell",
    };
    html! {
        div class="operand result" {
            p class="caption" { (shape(step.name(), matrix)) }
            (grid.view(|row, column| {
                let value = matrix.at(row, column);
                let text = printed(scene, step, value);
                let name = match step.is_square() {
                    true => format!("{} asks, {} answers: {text}", scene.tokens[row], labels[column]),
                    false => format!("{}, number {}: {text}", scene.tokens[row], labels[column]),
                };
                let chosen = if (row, column) == state.cell { " picked" } else { "" };
                let class = match value.is_finite() {
                    true => format!("{}{chosen}", shade((value - low) / (high - low).max(f32::MIN_POSITIVE))),
                    false => format!("hidden-key{chosen}"),
                };
                Shown { text, class, name }
            }))
        }
    }
}

/// Between which numbers the shades run.
fn range(step: Step, matrix: &Matrix) -> (f32, f32) {
    if step == Step::Weights {
        return (0.0, 1.0);
    }
    let finite = || matrix.numbers.iter().copied().filter(|number| number.is_finite());
    (finite().fold(f32::INFINITY, f32::min), finite().fold(f32::NEG_INFINITY, f32::max))
}

fn legend(scene: &Scene<'_>) -> Markup {
    let step = scene.state.step;
    let (low, high) = scene.steps.get(step).map_or((0.0, 1.0), |matrix| range(step, matrix));
    let note = match step {
        Step::Weights => "Each row sums to one, up to rounding.",
        _ => "From the smallest to the largest number of this matrix.",
    };
    scale(&printed(scene, step, low), &printed(scene, step, high), note)
}

/// How many decimals a step's numbers have.
fn decimals(scene: &Scene<'_>, step: Step) -> usize {
    match (scene.toy, step) {
        (Some(_), _) => 3,
        (None, Step::Scores) => 1,
        (None, _) => 2,
    }
}

/// A number of a step. Shares of the real head look as in the rest of the book.
fn printed(scene: &Scene<'_>, step: Step, value: f32) -> String {
    match (scene.toy, step) {
        (None, Step::Weights) => share(value),
        _ => number(value, decimals(scene, step)),
    }
}

/// The result in words.
fn status(scene: &Scene<'_>, workings: Option<&Workings>) -> String {
    let state = scene.state;
    let step = state.step;
    let learned = step.learned().unwrap_or(Given::X);
    if let Some(Typed { cell, text, .. }) =
        state.typed.iter().find(|typed| scene.toy.is_some() && typed.given == learned)
    {
        let good = scene.toy.map_or(0.0, |toy| toy.matrix(learned).at(cell.0, cell.1));
        return format!(
            "{}: “{text}” is not a number from {} to {}. {} stays.",
            called(scene, learned, *cell),
            number(-LIMIT, 0),
            number(LIMIT, 0),
            plainly(good)
        );
    }
    let (Some(workings), Some(matrix)) = (workings, scene.steps.get(step)) else {
        return match scene.toy {
            Some(_) => "Four words go in, three numbers each.".to_owned(),
            None => "There is nothing to show for one head alone at this step.".to_owned(),
        };
    };
    let (row, column) = state.cell;
    let value = printed(scene, step, matrix.at(row, column));
    let token = &scene.tokens[row];
    let answer = scene.tokens.get(column).map_or("", String::as_str);
    let lead = match step.is_square() {
        true => format!("{token} asks, {answer} answers"),
        false => format!("{}, {token}, number {}", step.name(), column + 1),
    };
    match workings {
        Workings::Given => format!("{lead}: {value}."),
        Workings::Sum { terms, rest: (0, _) } => {
            format!("{lead}: {} = {value}.", sum(scene, terms))
        }
        Workings::Sum { terms, rest: (others, rest) } => format!(
            "{lead}: the {} products sum to {value}. The largest in size is {} = {}; the {others} \
             smallest together are {}.",
            terms.len() + others,
            product(&terms[0], true, 2),
            number(terms[0].product(), 1),
            number(*rest, 1)
        ),
        Workings::Divided { score, by } => {
            format!(
                "{lead}: {} / {} = {value}.",
                printed(scene, Step::Scores, *score),
                number(*by, 3)
            )
        }
        Workings::Kept if state.causal => {
            format!("{lead}: {token} may see {answer}, so {value} stays.")
        }
        Workings::Kept => format!("{lead}: {value} stays. The mask is off."),
        Workings::Hidden { score } => format!(
            "{lead}: {answer} comes later, so −∞ takes the place of {}.",
            printed(scene, Step::Scaled, *score)
        ),
        Workings::Share { powers, largest, total } => {
            let Power { score, power } = &powers[column];
            let places = decimals(scene, Step::Scaled);
            format!(
                "{lead}: e to the power of {} − {} is {}. The row’s sum is {}, so the share is {value}.",
                number(*score, places),
                bracketed(*largest, places),
                number(*power, 3),
                number(*total, 3)
            )
        }
    }
}

/// `0.200 × 2.000 + 0.800 × (−0.500)`
fn sum(scene: &Scene<'_>, terms: &[Term]) -> String {
    let places = if scene.toy.is_some() { 3 } else { 2 };
    let products = terms.iter().enumerate();
    let products: Vec<String> = products.map(|(at, term)| product(term, at == 0, places)).collect();
    products.join(" + ")
}

fn product(term: &Term, first: bool, decimals: usize) -> String {
    let left = match first {
        true => number(term.left, decimals),
        false => bracketed(term.left, decimals),
    };
    format!("{left} × {}", bracketed(term.right, decimals))
}

/// A number that follows a sign: `(−1.584)`.
fn bracketed(value: f32, decimals: usize) -> String {
    let text = number(value, decimals);
    if text.starts_with('−') { format!("({text})") } else { text }
}

/// What the sentence cannot say in full: the exponentials of a row, and the products of the real
/// head.
fn working_table(scene: &Scene<'_>, workings: &Workings) -> Markup {
    let step = scene.state.step;
    html! {
        @match workings {
            Workings::Share { powers, largest, total } => (share_table(scene, powers, *largest, *total)),
            Workings::Sum { terms, rest } if scene.toy.is_none() => (product_table(scene, step, terms, *rest)),
            _ => {}
        }
    }
}

fn share_table(scene: &Scene<'_>, powers: &[Power], largest: f32, total: f32) -> Markup {
    let (row, column) = scene.state.cell;
    let places = decimals(scene, Step::Scaled);
    let weights = scene.steps.made(Step::Weights).row(row);
    html! {
        div class="scroll" {
            table class="weights" {
                caption { "The row of “" (scene.tokens[row]) "”; its largest score is " (number(largest, places)) }
                thead {
                    tr {
                        th scope="col" { "Token" }
                        th scope="col" { "Score" }
                        th scope="col" { "e" sup { "score − largest" } }
                        th scope="col" { "Share" }
                    }
                }
                tbody {
                    @for (place, (power, weight)) in powers.iter().zip(weights).enumerate() {
                        @let used = (place == column).then_some("used");
                        tr {
                            th scope="row" { (scene.tokens[place]) }
                            td class=[used] { (number(power.score, places)) }
                            td class=[used] { (number(power.power, 3)) }
                            td class=[used] { (printed(scene, Step::Weights, *weight)) }
                        }
                    }
                    tr {
                        th scope="row" { "sum" }
                        td {}
                        td { (number(total, 3)) }
                        td { (printed(scene, Step::Weights, weights.iter().sum())) }
                    }
                }
            }
        }
    }
}

fn product_table(scene: &Scene<'_>, step: Step, terms: &[Term], rest: (usize, f32)) -> Markup {
    let cell = scene.state.cell;
    let sum = scene.steps.made(step).at(cell.0, cell.1);
    let (of, left, right) = match step {
        Step::Scores => ("Number", "Query", "Key"),
        _ => ("Token", "Weight", "Value"),
    };
    let label = |place: usize| match step {
        Step::Scores => (place + 1).to_string(),
        _ => scene.tokens[place].clone(),
    };
    html! {
        div class="scroll" {
            table class="weights" {
                caption {
                    @if rest.0 > 0 { "The largest of the products" } @else { "The products" }
                }
                thead {
                    tr {
                        @for heading in [of, left, right, "Product"] { th scope="col" { (heading) } }
                    }
                }
                tbody {
                    @for term in terms {
                        tr {
                            th scope="row" { (label(term.place)) }
                            td { (number(term.left, 2)) }
                            td { (number(term.right, 2)) }
                            td { (number(term.product(), 2)) }
                        }
                    }
                    @if rest.0 > 0 {
                        tr {
                            th scope="row" { "the other " (rest.0) }
                            td {} td {}
                            td { (number(rest.1, 2)) }
                        }
                    }
                    tr {
                        th scope="row" { "sum" }
                        td {} td {}
                        td { (number(sum, 2)) }
                    }
                }
            }
        }
    }
}
