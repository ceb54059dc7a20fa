//! Gradients through burn's autodiff.

use burn::backend::AutodiffBackend;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::autodiff::{Autodiff, NodeId};
use burn::backend::tensor::FloatTensor;

use crate::FlashOptions;
use crate::backend::{FlashAttention, FlashBackward, Saved};

/// The step back. What burn keeps for it grows with the length of the text: the inputs, the
/// output, and one number a query.
#[derive(Debug)]
struct FlashStep;

/// What the step back needs: where query, key and value are to be had again, and the rest.
#[derive(Debug, Clone)]
struct State<T> {
    inputs: [NodeId; 3],
    output: T,
    log_sum_exp: T,
    options: FlashOptions,
}

impl<B: FlashBackward> Backward<B, 3> for FlashStep {
    type State = State<FloatTensor<B>>;

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        gradients: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let output_gradient = gradients.consume::<B>(&ops.node);
        let State { inputs, output, log_sum_exp, options } = ops.state;
        let [query, key, value] =
            inputs.map(|input| checkpointer.retrieve_node_output::<FloatTensor<B>>(input));
        let saved = Saved { query, key, value, output, log_sum_exp, output_gradient };
        let of_inputs = B::flash_backward(saved, options);
        for (parent, gradient) in ops.parents.into_iter().zip(of_inputs) {
            if let Some(parent) = parent {
                gradients.register::<B>(parent.id, gradient);
            }
        }
    }
}

impl<B, C> FlashAttention for Autodiff<B, C>
where
    B: FlashAttention + FlashBackward,
    C: CheckpointStrategy,
{
    fn flash_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        options: FlashOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let nodes = [query.node(), key.node(), value.node()];
        match FlashStep.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut step) => {
                let inputs =
                    [step.checkpoint(&query), step.checkpoint(&key), step.checkpoint(&value)];
                let (output, log_sum_exp) = B::flash_attention(
                    query.into_primitive(),
                    key.into_primitive(),
                    value.into_primitive(),
                    options.clone(),
                );
                let state = State {
                    inputs,
                    output: output.clone(),
                    log_sum_exp: log_sum_exp.clone(),
                    options,
                };
                (step.finish(state, output), Self::from_inner(log_sum_exp))
            }
            OpsKind::UnTracked(step) => {
                let (output, log_sum_exp) = B::flash_attention(
                    query.into_primitive(),
                    key.into_primitive(),
                    value.into_primitive(),
                    options,
                );
                (step.finish(output), Self::from_inner(log_sum_exp))
            }
        }
    }
}
