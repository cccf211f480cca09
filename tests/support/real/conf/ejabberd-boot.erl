{ok, _} = application:ensure_all_started(ejabberd),
[ejabberd_auth:try_register(User, <<"localhost">>, Password)
 || {User, Password} <- [{<<"alice">>, <<"alicepw">>}, {<<"bob">>, <<"bobpw">>}]],
ok = file:write_file("@DIR@/ready", <<"ready">>).
