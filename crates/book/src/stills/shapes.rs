//! Chapter 2: the four products of a head as rectangles. The left factor stands left of its
//! result and the right one above it, so that a row and a column meet in their number.

use anyhow::Result;
use maud::{Markup, html};
use widgets::draw::mark::{Area, line, rect, text};
use widgets::draw::picture::svg;
use widgets::draw::{NARROW, Point, WIDE};

use super::frame::{Still, table};
use crate::memoised_model::MemoisedModel;
use crate::sentences;

/// A product: the names and classes of left, right and result.
struct Product {
    names: [&'static str; 3],
    classes: [&'static str; 3],
    /// Rows of the left, what both share, and columns of the right.
    sizes: [Size; 3],
}

/// Which of a model's sizes a side has.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Size {
    Tokens,
    Head,
    Model,
}

const PLAIN: &str = "fill-bg line-edge part";
const SQUARE: &str = "heat-30 line-edge";

const PRODUCTS: [Product; 4] = [
    Product {
        names: ["X", "W_Q", "Q"],
        classes: [PLAIN, PLAIN, "tint-query line-query part"],
        sizes: [Size::Tokens, Size::Model, Size::Head],
    },
    Product {
        names: ["Q", "Kᵀ", "scores"],
        classes: ["tint-query line-query part", "tint-key line-key part", SQUARE],
        sizes: [Size::Tokens, Size::Head, Size::Tokens],
    },
    Product {
        names: ["weights", "V", "O"],
        classes: [SQUARE, "tint-value line-value part", "tint-output line-output part"],
        sizes: [Size::Tokens, Size::Tokens, Size::Head],
    },
    Product {
        names: ["O", "W_O", "Y"],
        classes: ["tint-output line-output part", PLAIN, PLAIN],
        sizes: [Size::Tokens, Size::Head, Size::Model],
    },
];

/// The numbers behind the sizes.
struct Sizes {
    tokens: usize,
    head: usize,
    model: usize,
}

impl Sizes {
    fn of(&self, size: Size) -> usize {
        match size {
            Size::Tokens => self.tokens,
            Size::Head => self.head,
            Size::Model => self.model,
        }
    }
}

pub(super) fn still(model: &MemoisedModel) -> Result<Still> {
    let tokens = sentences::read(model, "cat")?.packed.tokens.len();
    let config = model.config();
    let sizes = Sizes { tokens, head: config.head_dim, model: config.d_model };
    let says = format!(
        "{tokens} tokens, {} numbers each, one head of {}. In each product a row of the left \
         matrix meets a column of the right one in one number of the result, so both must be \
         equally long: the number in the corner.",
        sizes.model, sizes.head
    );
    let rows: Vec<Vec<String>> = PRODUCTS
        .iter()
        .map(|product| {
            let [rows, inner, columns] = product.sizes.map(|size| sizes.of(size));
            let shapes = [[rows, inner], [inner, columns], [rows, columns]];
            product
                .names
                .iter()
                .zip(shapes)
                .map(|(name, [high, wide])| format!("{name} {high} × {wide}"))
                .collect()
        })
        .collect();
    let wide = [(4.0, 196.0), (300.0, 196.0), (452.0, 196.0), (608.0, 196.0)];
    let narrow = [(4.0, 150.0), (216.0, 150.0), (4.0, 300.0), (150.0, 300.0)];
    Ok(Still {
        question: "Which shapes must meet?",
        layouts: [
            drawn(&sizes, &says, (WIDE, 272.0), &wide, [26.0, 56.0, 150.0]),
            drawn(&sizes, &says, (NARROW, 372.0), &narrow, [24.0, 44.0, 112.0]),
        ],
        numbers: table(
            "The products of a head, with their shapes",
            &["Left", "Right", "Result"],
            &rows,
        ),
        says,
    })
}

/// All products, each with the upper left corner of its left factor, and how long the sides of
/// tokens, head and model are.
fn drawn(sizes: &Sizes, says: &str, frame: Point, corners: &[Point; 4], sides: [f64; 3]) -> Markup {
    let side = |size: Size| match size {
        Size::Tokens => sides[0],
        Size::Head => sides[1],
        Size::Model => sides[2],
    };
    svg(
        frame,
        "img",
        says,
        html! {
            @for (product, corner) in PRODUCTS.iter().zip(corners) {
                (one(product, *corner, product.sizes.map(side), product.sizes.map(|size| sizes.of(size))))
            }
        },
    )
}

fn one(
    product: &Product,
    (x, y): Point,
    [high, inner, wide]: [f64; 3],
    sizes: [usize; 3],
) -> Markup {
    let left = Area::new(x, y, inner, high);
    let right = Area::new(x + inner + GAP, y - inner - GAP, wide, inner);
    let result = Area::new(right.x, y, wide, high);
    // One row, one column, and where they meet.
    let (row, column) = (high * 0.3, wide * 0.4);
    let [rows, shared, columns] = sizes;
    let below = |at: f64| y + high + at;
    let named = |name: &str, high: usize, wide: usize| format!("{name} {high} × {wide}");
    html! {
        (rect(left, product.classes[0]))
        (rect(right, product.classes[1]))
        (rect(result, product.classes[2]))
        (rect(Area::new(left.x, y + row, inner, THIN), "fill-ink"))
        (rect(Area::new(right.x + column, right.y, THIN, inner), "fill-ink"))
        (rect(Area::new(result.x + column - 1.0, y + row - 1.0, THIN + 2.0, THIN + 2.0), "fill-accent"))
        (line((left.x, y - GAP), (right.x - GAP, right.y), "line-edge dotted"))
        (text((right.x - 9.0, y - 10.0), &shared.to_string(), "end small muted"))
        (text((right.x, right.y - 8.0), &named(product.names[1], shared, columns), "small"))
        (text((left.x, below(18.0)), &named(product.names[0], rows, shared), "small"))
        (text((left.x, below(36.0)), &format!("= {}", named(product.names[2], rows, columns)), "small strong"))
    }
}

/// Between the matrices of a product.
const GAP: f64 = 4.0;

/// How thick a row or a column is drawn.
const THIN: f64 = 3.5;
