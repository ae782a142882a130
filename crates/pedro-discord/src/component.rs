//! Buttons under a message.

use pedro_core::speech::Button;
use twilight_model::channel::message::component::{ActionRow, Button as Pressable, ButtonStyle, Component};

/// Buttons in rows of five, the most that Discord puts side by side.
pub(crate) fn components(buttons: &[Button]) -> Vec<Component> {
    let row = |buttons: &[Button]| {
        Component::ActionRow(ActionRow { components: buttons.iter().map(button).collect(), id: None })
    };
    buttons.chunks(5).map(row).collect()
}

fn button(button: &Button) -> Component {
    Component::Button(Pressable {
        custom_id: Some(button.id.clone()),
        disabled: false,
        emoji: None,
        id: None,
        label: Some(button.label.clone()),
        sku_id: None,
        style: ButtonStyle::Secondary,
        url: None,
    })
}
