// An app on Slack's own Node framework, unmodified. The test beside it acts as the people of the workspace.
// Reads SIM_API_URL, SIM_BOT_TOKEN and SIM_APP_TOKEN; prints one JSON object per line about what it saw; ends on SIGTERM.
import bolt from '@slack/bolt';

const { App, LogLevel } = bolt;

const tell = (event, details = {}) => console.log(JSON.stringify({ event, ...details }));

const app = new App({
  token: process.env.SIM_BOT_TOKEN,
  appToken: process.env.SIM_APP_TOKEN,
  socketMode: true,
  logLevel: LogLevel.ERROR,
  // The one switch: Web API, connections.open and through it the WebSocket.
  clientOptions: { slackApiUrl: process.env.SIM_API_URL },
});

const plain = (text) => ({ type: 'plain_text', text });

const modal = (metadata) => ({
  type: 'modal',
  callback_id: 'confirm',
  title: plain('Confirm'),
  submit: plain('Run it'),
  private_metadata: metadata,
  blocks: [
    {
      type: 'input',
      block_id: 'typed',
      label: plain('Type the target'),
      element: { type: 'plain_text_input', action_id: 'typed' },
    },
    {
      type: 'input',
      block_id: 'pick',
      optional: true,
      label: plain('Why'),
      element: {
        type: 'static_select',
        action_id: 'pick',
        options: [
          { text: plain('Routine'), value: 'routine' },
          { text: plain('Emergency'), value: 'emergency' },
        ],
      },
    },
  ],
});

const card = (text) => [
  { type: 'section', text: { type: 'mrkdwn', text } },
  {
    type: 'actions',
    elements: [
      { type: 'button', action_id: 'approve', text: plain('Approve'), style: 'primary', value: 'one' },
      { type: 'button', action_id: 'confirm', text: plain('Confirm'), value: 'two' },
    ],
  },
];

// A command: acknowledged with a text, then a root message and a reply in its thread.
app.command('/runbook', async ({ command, ack, client, respond }) => {
  await ack({ text: `running ${command.text}` });
  const root = await client.chat.postMessage({
    channel: command.channel_id,
    text: 'Step 1 of 1',
    blocks: card('*Step 1 of 1*'),
    metadata: { event_type: 'card', event_payload: { key: 'step-1' } },
  });
  const reply = await client.chat.postMessage({
    channel: command.channel_id,
    text: 'Details follow',
    thread_ts: root.ts,
  });
  const thread = await client.conversations.replies({ channel: command.channel_id, ts: root.ts });
  await client.reactions.add({ channel: command.channel_id, timestamp: root.ts, name: 'eyes' });
  await respond({ text: 'posted', response_type: 'ephemeral' });
  tell('command', { threaded: reply.message.thread_ts === root.ts, messages: thread.messages.length });
});

// A button: the message is replaced in place through the response_url, then edited through the Web API.
app.action('approve', async ({ ack, action, body, client, respond }) => {
  await ack();
  await respond({ text: 'Approved', replace_original: true });
  await client.chat.update({ channel: body.channel.id, ts: body.message.ts, text: `Approved by <@${body.user.id}>` });
  tell('approve', { value: action.value, user: body.user.id });
});

// A button that opens a modal.
app.action('confirm', async ({ ack, body, client }) => {
  await ack();
  const opened = await client.views.open({ trigger_id: body.trigger_id, view: modal(body.message.ts) });
  let again = 'none';
  try {
    await client.views.open({ trigger_id: body.trigger_id, view: modal(body.message.ts) });
  } catch (error) {
    again = error.data?.error;
  }
  tell('confirm', { view: opened.view.id, again });
});

// A modal: refused at the field until the right name was typed.
app.view('confirm', async ({ ack, view }) => {
  const { typed, pick } = view.state.values;
  if (typed.typed.value !== 'api') {
    await ack({ response_action: 'errors', errors: { typed: 'This is not the target' } });
    return;
  }
  await ack();
  tell('submitted', {
    typed: typed.typed.value,
    pick: pick.pick.selected_option?.value ?? null,
    metadata: view.private_metadata,
  });
});

app.event('app_mention', async ({ event, say }) => {
  await say({ text: 'at your service', thread_ts: event.ts });
});

app.event('app_home_opened', async ({ event, client }) => {
  await client.views.publish({
    user_id: event.user,
    view: { type: 'home', blocks: [{ type: 'header', text: plain('Nothing waits for you') }] },
  });
});

app.error(async (error) => {
  tell('error', { message: String(error), code: error.code });
});

const refusals = {};
const attempt = async (name, call) => {
  try {
    await call();
    refusals[name] = 'none';
  } catch (error) {
    refusals[name] = error.data?.error ?? String(error);
  }
};

await app.start();
await attempt('blocks', () => app.client.chat.postMessage({ channel: 'C0INC', text: 'x', blocks: [{ type: 'no' }] }));
await attempt('channel', () => app.client.chat.postMessage({ channel: 'C0NO', text: 'x' }));
await attempt('user', () => app.client.users.info({ user: 'U0NO' }));
tell('ready', { refusals });

process.on('SIGTERM', async () => {
  await app.stop();
  process.exit(0);
});
