//! What the community's Twitch bot would have written down.

use anyhow::Result;

use super::DiscordTester;

impl DiscordTester {
    /// Somebody said something in the community's Twitch channel.
    pub(crate) async fn twitch_line(&self, login: &str, text: &str) -> Result<()> {
        sqlx::query(
            "with channel as (
                 insert into pedro.channel (community_id, platform, platform_channel_id, name)
                 select min(id), 'twitch', 'pedrotown', 'pedrotown' from pedro.community
                 on conflict (platform, platform_channel_id) do update set name = excluded.name returning id
             ), author as (
                 insert into pedro.author (platform, platform_user_id, login, display_name, kind)
                 values ('twitch', 'id-of-' || $1, $1, $1, 'person')
                 on conflict (platform, platform_user_id) do update set login = excluded.login returning id
             ), message as (
                 insert into pedro.message (channel_id, author_id, author_kind, platform, platform_message_id, text, sent_at)
                 select channel.id, author.id, 'person', 'twitch', gen_random_uuid()::text, $2, now()
                 from channel, author returning id
             )
             insert into pedro.message_unembedded (message_id) select id from message",
        )
        .bind(login)
        .bind(text)
        .execute(self.db())
        .await?;
        Ok(())
    }

    /// The stream had this title, and has it still if it is the current one.
    pub(crate) async fn twitch_title(&self, title: &str, current: bool) -> Result<()> {
        self.twitch_line("alice", "hello there, nice title").await?;
        sqlx::query(
            "insert into pedro.stream_title (channel_id, title, category, live, began_at, ended_at)
             select id, $1, 'Software and Game Development', $2, now() - interval '2 hours',
                 case when $2 then null else now() - interval '1 hour' end
             from pedro.channel where platform = 'twitch'",
        )
        .bind(title)
        .bind(current)
        .execute(self.db())
        .await?;
        Ok(())
    }
}
