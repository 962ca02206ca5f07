// Two web clients of 2016 in one page, written as such clients were: XMLHttpRequest with form bodies, FormData for
// files, the Paho library for MQTT over WebSocket. Each step is told to the test; what is not as expected ends it.
'use strict';

var API = 'http://api.y2w.test';

function tell(line) {
  var request = new XMLHttpRequest();
  request.open('POST', '/tell', true);
  request.send(line);
}

function fail(why) {
  tell('failed: ' + why);
  throw new Error(why);
}

window.onerror = function (message, source, line) { tell('failed: ' + message + ' (line ' + line + ')'); };

function same(actual, expected, what) {
  var a = JSON.stringify(actual), e = JSON.stringify(expected);
  if (a !== e) fail(what + ': expected ' + e + ', got ' + a);
}

// One request; `body` is an object for a form, a FormData, or nothing. `done(status, body)`.
function call(method, path, token, body, headers, done) {
  var request = new XMLHttpRequest();
  request.open(method, API + path, true);
  if (token) request.setRequestHeader('Authorization', 'Bearer ' + token);
  Object.keys(headers || {}).forEach(function (name) { request.setRequestHeader(name, headers[name]); });
  if (body && !(body instanceof FormData)) {
    request.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded');
    body = Object.keys(body).map(function (name) {
      return encodeURIComponent(name) + '=' + encodeURIComponent(body[name]);
    }).join('&');
  }
  request.onload = function () {
    var answer = request.responseText;
    try { answer = JSON.parse(answer); } catch (e) { /* the bytes of a file */ }
    done(request.status, answer);
  };
  request.onerror = function () { fail(method + ' ' + path + ' was blocked or got no answer'); };
  request.send(body || null);
}

function ok(method, path, token, body, headers, done) {
  call(method, path, token, body, headers, function (status, answer) {
    if (status !== 200) fail(method + ' ' + path + ': ' + status + ' ' + JSON.stringify(answer));
    done(answer);
  });
}

// MD5 of 'ann' and of 'bob', as the client sends passwords.
var PASSWORD = { ann: '7e0d7f8a5d96c24ffcc840f31bce72b2', bob: '9f9d51bc70ef21ca5c14f307980a29d8' };

// Registers, logs in, fetches the imToken and asks the gate: all that precedes the push connection.
function enter(name, done) {
  var account = { email: name + '@example.org', password: PASSWORD[name], name: name };
  ok('POST', '/v1/users/register', null, account, null, function () {
    ok('POST', '/v1/users/login', null, { email: account.email, password: account.password }, null, function (user) {
      var form = { grant_type: 'client_credentials', client_id: user.key, client_secret: user.secret };
      ok('POST', '/oauth/token', null, form, null, function (imToken) {
        user.imToken = imToken.access_token;
        ok('POST', '/gateHandler', null, { oper: 'register', country: '' }, null, function (gate) {
          same(gate.data.url, 'push.y2w.test', 'the gate names a bare host');
          user.host = gate.data.url;
          done(user);
        });
      });
    });
  });
}

// The client of 2016 spoke MQTT 3.1.1 under the sub-protocol of 3.1, which its copy of the library did by itself.
var BrowserSocket = window.WebSocket;
function OldSocket(url) { return new BrowserSocket(url, ['mqttv3.1']); }

// Connects; `accepted()` comes with acceptConnect, `received(payload)` with everything after it.
function connect(user, clientId, accepted, received, lost) {
  var mqtt = new Paho.MQTT.Client(user.host, 80, '/', clientId);
  var waiting = true;
  mqtt.onMessageArrived = function (message) {
    var payload = JSON.parse(message.payloadString);
    if (waiting) {
      same(payload, { returnCode: 11 }, 'the first message is acceptConnect');
      waiting = false;
      accepted(mqtt);
    } else {
      received(payload);
    }
  };
  mqtt.onConnectionLost = function () { if (lost) lost(); };
  mqtt.connect({
    userName: user.id, password: user.imToken, keepAliveInterval: 300, cleanSession: true, mqttVersion: 4,
    onFailure: function (answer) { fail('CONNECT: ' + answer.errorMessage); }
  });
}

function command(mqtt, session, payload) {
  var message = new Paho.MQTT.Message(JSON.stringify(payload));
  message.destinationName = 'y2w/session/' + session;
  message.qos = 0;
  mqtt.send(message);
}

// Bob's library is of 2016, Ann's the stock one.
enter('ann', function (ann) {
  enter('bob', function (bob) {
    tell('registered, logged in, have an imToken and the gate\'s answer');
    openChat(ann, bob);
  });
});

function openChat(ann, bob) {
  ok('GET', '/v1/sessions/p2p/' + ann.id + '/' + bob.id, ann.token, null, null, function (session) {
    ok('GET', '/v1/sessions/' + session.id + '/members', ann.token, null, { 'Client-Sync-Time': 0 }, function (members) {
      same(members.entries.length, 2, 'members of the p2p session');
      var mts = Math.max.apply(null, members.entries.map(function (m) { return new Date(m.createdAt).getTime(); }));
      talk(ann, bob, session, members, mts);
    });
  });
}

function talk(ann, bob, session, members, mts) {
  var place = 'p2p_' + session.id, notice = { syncs: [{ type: 0 }, { type: 1, sessionId: place }] };
  var ofAnn, replies = [], kicked = false;
  window.WebSocket = OldSocket;
  connect(bob, '005b1f8c2e-93d4-4c0a-8a57-0d6e7f1c2b34', function () {
    window.WebSocket = BrowserSocket;
    connect(ann, '00c4f0d3a1-6a52-4a0e-9b1f-6e2d1c0b9a87', function (mqtt) {
      ofAnn = mqtt;
      tell('both are accepted by the push server');
      var text = { sender: ann.id, type: 'text', content: JSON.stringify({ text: '你好, Bob' }) };
      ok('POST', '/v1/sessions/' + session.id + '/messages', ann.token, text, null, function () {
        command(ofAnn, place, { cmd: 'sendMessage', y2wMessageId: 'one', mts: mts, message: notice });
      });
    }, function (reply) {
      replies.push(reply);
      if (reply.returnCode === 26) {
        // The session is new to the push server: tell it who is in.
        command(ofAnn, place, {
          cmd: 'updateSession', y2wMessageId: 'two', mts: mts, message: notice,
          members: members.entries.map(function (m) { return { uid: m.userId, isDel: false }; })
        });
      } else if (reply.returnCode === 10) {
        kicked = true;
      } else {
        same(reply.returnCode, 20, 'the reply to updateSession');
      }
    }, function () {
      if (!kicked) fail('Ann\'s first page lost its connection without being kicked');
      tell('a second page of Ann kicked the first');
      tell('passed');
    });
  }, function (delivery) {
    same([delivery.cmd, delivery.message], ['sendMessage', notice], 'what Bob is pushed');
    tell('Bob got the notice');
    receive(ann, bob, session, function () {
      same(replies.map(function (r) { return r.returnCode; }), [26, 20], 'Ann\'s replies');
      connect(ann, '0077d2a9b4-1e5f-4d6c-8b3a-2f1e0d9c8b7a', function () {}, function () {});
    });
  });
}

// What Bob does with a notice: conversations, then the messages; and a file, seen by its URL alone.
function receive(ann, bob, session, done) {
  ok('GET', '/v1/users/' + bob.id + '/userConversations', bob.token, null, { 'Client-Sync-Time': 0 }, function (list) {
    // The server has said something, too, when the session was made.
    same([list.entries[0].targetId, list.entries[0].unread], [ann.id, 2], 'Bob\'s conversation');
    ok('GET', '/v1/sessions/' + session.id + '/messages', bob.token, null, { 'Client-Sync-Time': 946684800000 }, function (page) {
      var texts = page.entries.filter(function (m) { return m.type === 'text'; });
      same(texts.map(function (m) { return JSON.parse(m.content).text; }), ['你好, Bob'], 'what Bob reads');
      tell('Bob has the message');
      upload(bob, done);
    });
  });
}

// A one-pixel GIF, sent as a form with a file and shown by an <img>, which can send no header.
function upload(bob, done) {
  var bytes = atob('R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw=='), array = new Uint8Array(bytes.length);
  for (var i = 0; i < bytes.length; i++) array[i] = bytes.charCodeAt(i);
  var form = new FormData();
  form.append('file', new Blob([array], { type: 'image/gif' }), '点.gif');
  ok('POST', '/v1/attachments', bob.token, form, null, function (file) {
    var image = new Image();
    image.onload = function () {
      same([image.width, image.height], [1, 1], 'the picture');
      tell('a picture went up, and is shown by its URL');
      call('GET', '/v1/users/' + bob.id, 'no such token', null, null, function (status) {
        same(status, 401, 'an unknown token, which the page can see');
        done();
      });
    };
    image.onerror = function () { fail('the picture cannot be shown'); };
    image.src = API + '/v1/attachments/' + file.id + '/content?access_token=' + bob.token;
  });
}
