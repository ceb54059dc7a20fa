//! The steps that the chapters tell a reader to take, taken: a module a chapter.
//!
//! A test opens a widget as the chapter does, and goes through its steps in the order of the text.
//! `page` has the reader's hands and eyes, `words` what the text says.

mod book;
mod page;
mod words;

mod ch01;
mod ch02;
mod ch03;
mod ch04;
mod ch05;
mod ch06;
mod ch07;
mod ch08;
mod ch09;
mod ch10;
mod flash_on_your_card;
