// An echo on gloox. Arguments: HOST PORT JID SECRET

#include <gloox/component.h>
#include <gloox/connectionlistener.h>
#include <gloox/message.h>
#include <gloox/messagehandler.h>

#include <cstdio>
#include <cstdlib>

class Echo : public gloox::MessageHandler, public gloox::ConnectionListener {
public:
    explicit Echo(gloox::Component &component) : component(component) {}

    void handleMessage(const gloox::Message &message, gloox::MessageSession *) override
    {
        if (message.subtype() == gloox::Message::Error)
            return;
        gloox::Message echo(message.subtype(), message.from(), message.body());
        echo.setFrom(message.to());
        echo.setID(message.id());
        component.send(echo);
    }

    void onConnect() override {}
    void onDisconnect(gloox::ConnectionError error) override
    {
        std::fprintf(stderr, "disconnected, gloox error %d\n", error);
    }
    bool onTLSConnect(const gloox::CertInfo &) override { return true; }

private:
    gloox::Component &component;
};

int main(int count, char **words)
{
    if (count != 5) {
        std::fprintf(stderr, "usage: %s HOST PORT JID SECRET\n", words[0]);
        return 64;
    }
    gloox::Component component(gloox::XMLNS_COMPONENT_ACCEPT, words[1], words[3], words[4],
                               std::atoi(words[2]));
    Echo echo(component);
    component.registerMessageHandler(&echo);
    component.registerConnectionListener(&echo);
    component.connect(true);
    return 1;
}
