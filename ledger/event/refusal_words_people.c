/* Refusals that a person who applies can meet. One way to say things in each language: cita,
 * randevou, agendamento, запись; solicitud, demann, pedido, заявка; sorteo, tiraj, sorteio,
 * жеребьёвка. */
#include "ledger/event/refusal_words_internal.h"

/* Every text names its language, so a missing comma does not compile.
 * NOLINTBEGIN(bugprone-suspicious-missing-comma) */
const struct tn_refusal_words tn_refusal_words_people[TN_REFUSAL_LIMIT] = {
    [TN_REFUSAL_not_allowed] = {{
        [TN_LANGUAGE_EN] = "You are not allowed to do this. Sign in with the account that may do "
                           "it, or ask whoever runs this service.",
        [TN_LANGUAGE_ES] = "No tiene permiso para hacer esto. Entre con la cuenta que puede "
                           "hacerlo o pregunte a quien administra este servicio.",
        [TN_LANGUAGE_HT] = "Ou pa gen dwa fè sa. Konekte ak kont ki gen dwa fè l la, oswa mande "
                           "moun k ap jere sèvis la.",
        [TN_LANGUAGE_PT] = "Você não tem permissão para fazer isto. Entre com a conta autorizada "
                           "ou fale com quem administra este serviço.",
        [TN_LANGUAGE_RU] = "У вас нет права на это действие. Войдите под нужной учётной записью "
                           "или обратитесь к администратору.",
    }},
    [TN_REFUSAL_registration_unknown] = {{
        [TN_LANGUAGE_EN] =
            "There is no registration with this number. Check the number, or register first.",
        [TN_LANGUAGE_ES] =
            "No existe ninguna inscripción con este número. Revise el número o inscríbase primero.",
        [TN_LANGUAGE_HT] =
            "Pa gen okenn enskripsyon ak nimewo sa a. Verifye nimewo a, oswa enskri anvan.",
        [TN_LANGUAGE_PT] =
            "Não há inscrição com este número. Confira o número ou faça primeiro a inscrição.",
        [TN_LANGUAGE_RU] =
            "Регистрации с таким номером нет. Проверьте номер или сначала зарегистрируйтесь.",
    }},
    [TN_REFUSAL_registration_not_live] = {{
        [TN_LANGUAGE_EN] = "This registration is no longer active: it was withdrawn or merged into "
                           "another. Restore it, or use the other one.",
        [TN_LANGUAGE_ES] = "Esta inscripción ya no está activa: fue retirada o unida a otra. "
                           "Restáurela o use la otra.",
        [TN_LANGUAGE_HT] = "Enskripsyon sa a pa aktif ankò: yo retire l oswa yo mete l ansanm ak "
                           "yon lòt. Remete l aktif, oswa sèvi ak lòt la.",
        [TN_LANGUAGE_PT] = "Esta inscrição não está mais ativa: foi retirada ou unida a outra. "
                           "Restaure-a ou use a outra.",
        [TN_LANGUAGE_RU] = "Эта регистрация неактивна: её отозвали или объединили с другой. "
                           "Восстановите её или используйте другую.",
    }},
    [TN_REFUSAL_person_in_live_registration] = {{
        [TN_LANGUAGE_EN] = "One of these people is already in an active registration. A person can "
                           "be in one only: use that one, or withdraw it first.",
        [TN_LANGUAGE_ES] = "Una de estas personas ya está en una inscripción activa. Solo puede "
                           "estar en una: use esa o retírela primero.",
        [TN_LANGUAGE_HT] = "Youn nan moun sa yo deja nan yon enskripsyon ki aktif. Yon moun ka nan "
                           "yon sèl: sèvi ak li, oswa retire l anvan.",
        [TN_LANGUAGE_PT] = "Uma destas pessoas já está em uma inscrição ativa. Cada pessoa só pode "
                           "estar em uma: use-a ou retire-a primeiro.",
        [TN_LANGUAGE_RU] = "Кто-то из этих людей уже есть в действующей регистрации. Можно быть "
                           "лишь в одной: используйте её или отзовите.",
    }},
    [TN_REFUSAL_person_twice_in_group] = {{
        [TN_LANGUAGE_EN] = "The same person is listed twice in this group. Remove one of the two "
                           "entries and send it again.",
        [TN_LANGUAGE_ES] = "La misma persona aparece dos veces en este grupo. Quite una de las dos "
                           "y envíe de nuevo.",
        [TN_LANGUAGE_HT] =
            "Menm moun nan parèt de fwa nan gwoup sa a. Retire youn ladan yo epi voye l ankò.",
        [TN_LANGUAGE_PT] =
            "A mesma pessoa aparece duas vezes neste grupo. Remova uma das duas e envie de novo.",
        [TN_LANGUAGE_RU] = "Один и тот же человек указан в группе дважды. Уберите одну из записей "
                           "и отправьте снова.",
    }},
    [TN_REFUSAL_group_too_large] = {{
        [TN_LANGUAGE_EN] = "The group has more people than the rules allow. Remove people, or "
                           "register as two groups.",
        [TN_LANGUAGE_ES] = "El grupo tiene más personas de las que permiten las reglas. Quite "
                           "personas o inscríbanse en dos grupos.",
        [TN_LANGUAGE_HT] =
            "Gwoup la gen plis moun pase sa règ yo pèmèt. Retire moun, oswa enskri kòm de gwoup.",
        [TN_LANGUAGE_PT] = "O grupo tem mais pessoas do que as regras permitem. Retire pessoas ou "
                           "inscrevam-se em dois grupos.",
        [TN_LANGUAGE_RU] = "В группе больше людей, чем разрешено. Уберите кого-нибудь или "
                           "зарегистрируйтесь двумя группами.",
    }},
    [TN_REFUSAL_group_empty] = {{
        [TN_LANGUAGE_EN] = "A group needs at least one person. Add someone, or withdraw the whole "
                           "registration instead.",
        [TN_LANGUAGE_ES] = "Un grupo necesita al menos una persona. Añada a alguien o retire la "
                           "inscripción completa.",
        [TN_LANGUAGE_HT] =
            "Yon gwoup bezwen omwen yon moun. Ajoute yon moun, oswa retire tout enskripsyon an.",
        [TN_LANGUAGE_PT] = "Um grupo precisa de pelo menos uma pessoa. Inclua alguém ou retire a "
                           "inscrição inteira.",
        [TN_LANGUAGE_RU] = "В группе должен быть хотя бы один человек. Добавьте кого-нибудь или "
                           "отзовите регистрацию целиком.",
    }},
    [TN_REFUSAL_no_adult] = {{
        [TN_LANGUAGE_EN] =
            "A group needs at least one adult. Add or keep an adult who travels with the children.",
        [TN_LANGUAGE_ES] = "El grupo necesita al menos una persona adulta. Añada o conserve a un "
                           "adulto que viaje con los menores.",
        [TN_LANGUAGE_HT] = "Yon gwoup bezwen omwen yon granmoun. Ajoute oswa kite yon granmoun k "
                           "ap vwayaje ak timoun yo.",
        [TN_LANGUAGE_PT] = "O grupo precisa de pelo menos um adulto. Inclua ou mantenha um adulto "
                           "que viaje com os menores.",
        [TN_LANGUAGE_RU] = "В группе должен быть хотя бы один взрослый. Добавьте или оставьте "
                           "взрослого, который едет с детьми.",
    }},
    [TN_REFUSAL_member_unknown] = {{
        [TN_LANGUAGE_EN] =
            "This person is not in the group. Look at the list of members and choose again.",
        [TN_LANGUAGE_ES] =
            "Esta persona no está en el grupo. Mire la lista de miembros y elija de nuevo.",
        [TN_LANGUAGE_HT] = "Moun sa a pa nan gwoup la. Gade lis manm yo epi chwazi ankò.",
        [TN_LANGUAGE_PT] =
            "Esta pessoa não está no grupo. Veja a lista de membros e escolha de novo.",
        [TN_LANGUAGE_RU] =
            "Этого человека нет в группе. Посмотрите список участников и выберите снова.",
    }},
    [TN_REFUSAL_group_frozen] = {{
        [TN_LANGUAGE_EN] = "Your request is waiting for the draw, so the group cannot change now. "
                           "Try again after the draw.",
        [TN_LANGUAGE_ES] = "Su solicitud espera el sorteo y el grupo no puede cambiar ahora. "
                           "Inténtelo después del sorteo.",
        [TN_LANGUAGE_HT] = "Demann ou an ap tann tiraj la, kidonk gwoup la pa ka chanje kounye a. "
                           "Eseye ankò apre tiraj la.",
        [TN_LANGUAGE_PT] = "Seu pedido aguarda o sorteio e o grupo não pode mudar agora. Tente de "
                           "novo depois do sorteio.",
        [TN_LANGUAGE_RU] = "Ваша заявка ждёт жеребьёвки, состав группы сейчас менять нельзя. "
                           "Попробуйте после жеребьёвки.",
    }},
    [TN_REFUSAL_not_by_own_act] = {{
        [TN_LANGUAGE_EN] = "An adult of the group must do this; with an offer or appointment, each "
                           "adult can remove only themselves. Ask that person to do it.",
        [TN_LANGUAGE_ES] = "Debe hacerlo un adulto del grupo; con una oferta o cita, cada adulto "
                           "solo puede retirarse a sí mismo. Pídaselo a esa persona.",
        [TN_LANGUAGE_HT] = "Se yon granmoun nan gwoup la ki pou fè sa; si gen yon òf oswa yon "
                           "randevou, chak granmoun ka retire tèt li sèlman. Mande moun nan fè l.",
        [TN_LANGUAGE_PT] = "Só um adulto do grupo pode fazer isto; com oferta ou agendamento, cada "
                           "adulto só pode retirar a si mesmo. Peça a essa pessoa.",
        [TN_LANGUAGE_RU] = "Это делает взрослый из группы, а при предложении или записи — только "
                           "за себя. Попросите этого человека.",
    }},
    [TN_REFUSAL_destination_missing] = {{
        [TN_LANGUAGE_EN] = "The group needs one destination address that all members share. Add it "
                           "and send it again.",
        [TN_LANGUAGE_ES] =
            "El grupo necesita una dirección de destino común a todos. Añádala y envíe de nuevo.",
        [TN_LANGUAGE_HT] =
            "Gwoup la bezwen yon sèl adrès destinasyon pou tout manm yo. Ajoute l epi voye l ankò.",
        [TN_LANGUAGE_PT] =
            "O grupo precisa de um endereço de destino comum a todos. Informe-o e envie de novo.",
        [TN_LANGUAGE_RU] =
            "Группе нужен один адрес назначения, общий для всех. Укажите его и отправьте снова.",
    }},
    [TN_REFUSAL_window_closed] = {{
        [TN_LANGUAGE_EN] = "Requests are not being taken at this time. Come back when the next "
                           "window opens; its hours are published with the rules.",
        [TN_LANGUAGE_ES] = "En este momento no se reciben solicitudes. Vuelva cuando se abra el "
                           "próximo plazo; el horario está publicado con las reglas.",
        [TN_LANGUAGE_HT] = "Yo pa pran demann nan moment sa a. Tounen lè yo louvri ankò; orè a "
                           "pibliye ansanm ak règ yo.",
        [TN_LANGUAGE_PT] = "No momento não se recebem pedidos. Volte quando o próximo prazo abrir; "
                           "o horário está publicado com as regras.",
        [TN_LANGUAGE_RU] = "Сейчас заявки не принимаются. Вернитесь, когда приём откроется; часы "
                           "приёма указаны в правилах.",
    }},
    [TN_REFUSAL_outside_zone] = {{
        [TN_LANGUAGE_EN] =
            "You are outside the area from which requests can be made, or we could not tell where "
            "you are. Turn on location, or ask again from inside the area.",
        [TN_LANGUAGE_ES] = "Está fuera de la zona desde la que se puede solicitar, o no pudimos "
                           "saber dónde está. Active la ubicación o solicite desde la zona.",
        [TN_LANGUAGE_HT] = "Ou pa nan zòn kote moun ka fè demann, oswa nou pa t ka konnen kote ou "
                           "ye. Aktive lokalizasyon an, oswa mande ankò lè ou nan zòn nan.",
        [TN_LANGUAGE_PT] = "Você está fora da área de onde se pode pedir, ou não soubemos onde "
                           "está. Ative a localização ou peça de dentro da área.",
        [TN_LANGUAGE_RU] = "Вы вне зоны, откуда можно подать заявку, или место не определено. "
                           "Включите геолокацию или подайте из зоны.",
    }},
    [TN_REFUSAL_port_unknown] = {{
        [TN_LANGUAGE_EN] = "One of the chosen ports is not available, or none was chosen. Choose "
                           "from the list of ports.",
        [TN_LANGUAGE_ES] = "Uno de los puertos elegidos no está disponible, o no eligió ninguno. "
                           "Elija de la lista de puertos.",
        [TN_LANGUAGE_HT] =
            "Youn nan pò ou chwazi yo pa disponib, oswa ou pa chwazi okenn. Chwazi nan lis pò yo.",
        [TN_LANGUAGE_PT] = "Um dos portos escolhidos não está disponível, ou nenhum foi escolhido. "
                           "Escolha na lista de portos.",
        [TN_LANGUAGE_RU] = "Выбранный пункт въезда недоступен, или не выбран ни один. Выберите из "
                           "списка пунктов въезда.",
    }},
    [TN_REFUSAL_port_twice] = {{
        [TN_LANGUAGE_EN] =
            "The same port is chosen twice. Choose each port once, in the order you prefer.",
        [TN_LANGUAGE_ES] = "El mismo puerto está elegido dos veces. Elija cada puerto una sola "
                           "vez, en el orden que prefiera.",
        [TN_LANGUAGE_HT] =
            "Ou chwazi menm pò a de fwa. Chwazi chak pò yon sèl fwa, nan lòd ou pito.",
        [TN_LANGUAGE_PT] = "O mesmo porto foi escolhido duas vezes. Escolha cada porto uma só vez, "
                           "na ordem que preferir.",
        [TN_LANGUAGE_RU] =
            "Один пункт въезда выбран дважды. Выберите каждый один раз, в порядке предпочтения.",
    }},
    [TN_REFUSAL_too_many_ports] = {{
        [TN_LANGUAGE_EN] = "You chose more ports than a request may name. Keep the ones you prefer "
                           "and send it again.",
        [TN_LANGUAGE_ES] = "Eligió más puertos de los que admite una solicitud. Deje los que "
                           "prefiera y envíe de nuevo.",
        [TN_LANGUAGE_HT] =
            "Ou chwazi plis pò pase sa yon demann ka genyen. Kite sa ou pito yo epi voye l ankò.",
        [TN_LANGUAGE_PT] = "Você escolheu mais portos do que um pedido permite. Deixe os que "
                           "preferir e envie de novo.",
        [TN_LANGUAGE_RU] = "Выбрано больше пунктов въезда, чем можно в одной заявке. Оставьте те, "
                           "что вам важнее, и отправьте снова.",
    }},
    [TN_REFUSAL_already_asked] = {{
        [TN_LANGUAGE_EN] = "You have already made this request for this day. There is nothing more "
                           "to do: it will be in the draw.",
        [TN_LANGUAGE_ES] = "Ya hizo esta misma solicitud para este día. No tiene que hacer nada "
                           "más: entrará en el sorteo.",
        [TN_LANGUAGE_HT] = "Ou deja fè menm demann sa a pou jou sa a. Ou pa bezwen fè anyen ankò: "
                           "l ap nan tiraj la.",
        [TN_LANGUAGE_PT] = "Você já fez este mesmo pedido para este dia. Não é preciso fazer mais "
                           "nada: ele entrará no sorteio.",
        [TN_LANGUAGE_RU] = "Такую заявку на этот день вы уже подали. Больше ничего делать не "
                           "нужно: она попадёт в жеребьёвку.",
    }},
    [TN_REFUSAL_person_asked_today] = {{
        [TN_LANGUAGE_EN] = "Someone in this group already asked for this day under another "
                           "registration. The group can ask again for the next day.",
        [TN_LANGUAGE_ES] = "Alguien de este grupo ya hizo una solicitud para este día con otra "
                           "inscripción. El grupo puede solicitar para el día siguiente.",
        [TN_LANGUAGE_HT] = "Yon moun nan gwoup sa a deja fè demann pou jou sa a nan yon lòt "
                           "enskripsyon. Gwoup la ka mande ankò pou jou apre a.",
        [TN_LANGUAGE_PT] = "Alguém deste grupo já fez um pedido para este dia em outra inscrição. "
                           "O grupo pode pedir de novo para o dia seguinte.",
        [TN_LANGUAGE_RU] = "Кто-то из группы уже подал заявку на этот день в другой регистрации. "
                           "Подайте заявку на следующий день.",
    }},
    [TN_REFUSAL_holds_offer] = {{
        [TN_LANGUAGE_EN] =
            "You already hold an offer or an appointment. Use it, or decline or cancel it first.",
        [TN_LANGUAGE_ES] =
            "Ya tiene una oferta o una cita. Úsela, o primero rechácela o cancélela.",
        [TN_LANGUAGE_HT] =
            "Ou deja gen yon òf oswa yon randevou. Sèvi ak li, oswa refize l oswa anile l anvan.",
        [TN_LANGUAGE_PT] =
            "Você já tem uma oferta ou um agendamento. Use-o ou, antes, recuse-o ou cancele-o.",
        [TN_LANGUAGE_RU] = "У вас уже есть предложение или запись. Воспользуйтесь ими либо сначала "
                           "откажитесь или отмените.",
    }},
    [TN_REFUSAL_no_request] = {{
        [TN_LANGUAGE_EN] = "You have no request for this day, so there is nothing to withdraw. "
                           "Check the day in the list of your requests.",
        [TN_LANGUAGE_ES] = "No tiene ninguna solicitud para este día, así que no hay nada que "
                           "retirar. Revise el día en la lista de sus solicitudes.",
        [TN_LANGUAGE_HT] = "Ou pa gen demann pou jou sa a, kidonk pa gen anyen pou retire. Verifye "
                           "jou a nan lis demann ou yo.",
        [TN_LANGUAGE_PT] = "Você não tem pedido para este dia, então não há o que retirar. Confira "
                           "o dia na lista dos seus pedidos.",
        [TN_LANGUAGE_RU] =
            "На этот день у вас нет заявки, отзывать нечего. Проверьте день в списке своих заявок.",
    }},
    [TN_REFUSAL_offer_unknown] = {{
        [TN_LANGUAGE_EN] = "There is no such offer for your registration. Open your registration "
                           "to see the offers you have.",
        [TN_LANGUAGE_ES] = "No existe esa oferta para su inscripción. Abra su inscripción para ver "
                           "las ofertas que tiene.",
        [TN_LANGUAGE_HT] = "Pa gen òf sa a pou enskripsyon ou an. Louvri enskripsyon ou an pou wè "
                           "òf ou genyen yo.",
        [TN_LANGUAGE_PT] = "Essa oferta não existe para a sua inscrição. Abra a inscrição para ver "
                           "as ofertas que você tem.",
        [TN_LANGUAGE_RU] = "Такого предложения у вашей регистрации нет. Откройте её, чтобы увидеть "
                           "свои предложения.",
    }},
    [TN_REFUSAL_offer_not_open] = {{
        [TN_LANGUAGE_EN] = "This offer was already accepted, declined or taken back. Open your "
                           "registration to see what became of it.",
        [TN_LANGUAGE_ES] = "Esta oferta ya fue aceptada, rechazada o retirada. Abra su inscripción "
                           "para ver qué pasó con ella.",
        [TN_LANGUAGE_HT] = "Yo deja aksepte, refize oswa retire òf sa a. Louvri enskripsyon ou an "
                           "pou wè sa ki rive l.",
        [TN_LANGUAGE_PT] = "Esta oferta já foi aceita, recusada ou retirada. Abra a inscrição para "
                           "ver o que houve com ela.",
        [TN_LANGUAGE_RU] = "Это предложение уже приняли, отклонили или отозвали. Откройте "
                           "регистрацию, чтобы узнать подробности.",
    }},
    [TN_REFUSAL_offer_past_deadline] = {{
        [TN_LANGUAGE_EN] = "The time to accept this offer is over. Nothing counts against you: "
                           "make a new request in the next window.",
        [TN_LANGUAGE_ES] = "El plazo para aceptar esta oferta terminó. No le perjudica: haga una "
                           "nueva solicitud en el próximo plazo.",
        [TN_LANGUAGE_HT] = "Tan pou aksepte òf sa a fini. Sa pa konte kont ou: fè yon nouvo demann "
                           "pwochen fwa yo louvri.",
        [TN_LANGUAGE_PT] = "O prazo para aceitar esta oferta acabou. Isso não conta contra você: "
                           "faça um novo pedido no próximo prazo.",
        [TN_LANGUAGE_RU] = "Срок принятия предложения истёк. Это вам не повредит: подайте новую "
                           "заявку, когда откроется приём.",
    }},
    [TN_REFUSAL_members_changed] = {{
        [TN_LANGUAGE_EN] = "The group has changed since you looked at this offer. See who is in it "
                           "now, then accept again.",
        [TN_LANGUAGE_ES] = "El grupo cambió desde que vio esta oferta. Revise quiénes están ahora "
                           "y acepte de nuevo.",
        [TN_LANGUAGE_HT] = "Gwoup la chanje depi ou te gade òf sa a. Gade ki moun ki ladan l "
                           "kounye a, epi aksepte ankò.",
        [TN_LANGUAGE_PT] = "O grupo mudou desde que você viu esta oferta. Veja quem está nele "
                           "agora e aceite de novo.",
        [TN_LANGUAGE_RU] = "Состав группы изменился с тех пор, как вы видели предложение. "
                           "Проверьте, кто в ней, и примите снова.",
    }},
    [TN_REFUSAL_no_appointment] = {{
        [TN_LANGUAGE_EN] = "There is no appointment that still stands: none was confirmed, or it "
                           "was used, missed or cancelled. Look at its current state.",
        [TN_LANGUAGE_ES] = "No hay ninguna cita vigente: no se confirmó, o ya se usó, se perdió o "
                           "se canceló. Revise su estado actual.",
        [TN_LANGUAGE_HT] = "Pa gen randevou ki toujou valab: yo pa t konfime l, oswa yo sèvi ak "
                           "li, rate l oswa anile l. Gade kijan l ye kounye a.",
        [TN_LANGUAGE_PT] = "Não há agendamento em vigor: não foi confirmado, ou já foi usado, "
                           "perdido ou cancelado. Veja a situação atual.",
        [TN_LANGUAGE_RU] = "Действующей записи нет: её не подтвердили, использовали, пропустили "
                           "или отменили. Проверьте состояние.",
    }},
    [TN_REFUSAL_appointment_past] = {{
        [TN_LANGUAGE_EN] = "The day of this appointment is over, so it can no longer be changed or "
                           "used. You can make a new request.",
        [TN_LANGUAGE_ES] = "El día de esta cita ya pasó, por eso ya no se puede cambiar ni usar. "
                           "Puede hacer una nueva solicitud.",
        [TN_LANGUAGE_HT] = "Jou randevou sa a pase, kidonk ou pa ka chanje l ni sèvi ak li ankò. "
                           "Ou ka fè yon nouvo demann.",
        [TN_LANGUAGE_PT] = "O dia deste agendamento já passou, e ele não pode mais ser mudado nem "
                           "usado. Você pode fazer um novo pedido.",
        [TN_LANGUAGE_RU] = "День этой записи прошёл, изменить или использовать её уже нельзя. "
                           "Можно подать новую заявку.",
    }},
    [TN_REFUSAL_registration_exists] = {{
        [TN_LANGUAGE_EN] =
            "A registration with this number already exists. Open it instead of making a new one.",
        [TN_LANGUAGE_ES] =
            "Ya existe una inscripción con este número. Ábrala en lugar de hacer otra.",
        [TN_LANGUAGE_HT] =
            "Gen yon enskripsyon ki deja gen nimewo sa a. Louvri l olye ou fè yon lòt.",
        [TN_LANGUAGE_PT] = "Já existe uma inscrição com este número. Abra-a em vez de fazer outra.",
        [TN_LANGUAGE_RU] = "Регистрация с таким номером уже есть. Откройте её, новая не нужна.",
    }},
    [TN_REFUSAL_not_withdrawn] = {{
        [TN_LANGUAGE_EN] = "This registration was not withdrawn, so there is nothing to restore. "
                           "Open it to see its state.",
        [TN_LANGUAGE_ES] = "Esta inscripción no fue retirada; no hay nada que restaurar. Ábrala "
                           "para ver su estado.",
        [TN_LANGUAGE_HT] = "Yo pa t retire enskripsyon sa a, kidonk pa gen anyen pou remete. "
                           "Louvri l pou wè kijan l ye.",
        [TN_LANGUAGE_PT] =
            "Esta inscrição não foi retirada; não há o que restaurar. Abra-a para ver a situação.",
        [TN_LANGUAGE_RU] = "Эту регистрацию не отзывали, восстанавливать нечего. Откройте её, "
                           "чтобы увидеть состояние.",
    }},
    [TN_REFUSAL_programme_ended] = {{
        [TN_LANGUAGE_EN] = "The programme has ended or no rules are in force, so nothing can be "
                           "asked for. Look for public notices about what follows.",
        [TN_LANGUAGE_ES] = "El programa terminó o no hay reglas en vigor; no se puede solicitar "
                           "nada. Consulte los avisos públicos sobre lo que sigue.",
        [TN_LANGUAGE_HT] = "Pwogram nan fini oswa pa gen règ an vigè, kidonk moun pa ka mande "
                           "anyen. Gade avi piblik yo pou konnen sa k ap vini.",
        [TN_LANGUAGE_PT] = "O programa terminou ou não há regras em vigor; nada pode ser pedido. "
                           "Veja os avisos públicos sobre o que vem a seguir.",
        [TN_LANGUAGE_RU] = "Программа завершена или правила не действуют, подать ничего нельзя. "
                           "Следите за официальными объявлениями.",
    }},
    [TN_REFUSAL_destinations_differ] = {{
        [TN_LANGUAGE_EN] = "The two groups have different destination addresses. Only groups that "
                           "share one address can be merged; keep them apart.",
        [TN_LANGUAGE_ES] = "Los dos grupos tienen direcciones de destino distintas. Solo se pueden "
                           "unir grupos con la misma dirección; manténgalos separados.",
        [TN_LANGUAGE_HT] = "De gwoup yo gen adrès destinasyon diferan. Se gwoup ki gen menm adrès "
                           "sèlman ki ka mete ansanm; kite yo apa.",
        [TN_LANGUAGE_PT] = "Os dois grupos têm endereços de destino diferentes. Só grupos com o "
                           "mesmo endereço podem ser unidos; mantenha-os separados.",
        [TN_LANGUAGE_RU] = "У групп разные адреса назначения. Объединить можно только группы с "
                           "одним адресом; оставьте их отдельно.",
    }},
    [TN_REFUSAL_group_larger_than_slot] = {{
        [TN_LANGUAGE_EN] =
            "Your group is larger than any time slot of a port you chose. Choose other ports.",
        [TN_LANGUAGE_ES] =
            "Su grupo es mayor que cualquier horario de un puerto que eligió. Elija otros puertos.",
        [TN_LANGUAGE_HT] = "Gwoup ou a pi gwo pase nenpòt lè nan yon pò ou chwazi. Chwazi lòt pò.",
        [TN_LANGUAGE_PT] = "Seu grupo é maior que qualquer horário de um porto que escolheu. "
                           "Escolha outros portos.",
        [TN_LANGUAGE_RU] =
            "Ваша группа больше любого временного окна выбранного пункта. Выберите другие пункты.",
    }},
    [TN_REFUSAL_group_held_at_port] = {{
        [TN_LANGUAGE_EN] = "Your group stands first in line at its port for this draw. To ask for "
                           "other ports, withdraw this request first.",
        [TN_LANGUAGE_ES] = "Su grupo es el primero en la fila de su puerto para este sorteo. Para "
                           "pedir otros puertos, retire primero esta solicitud.",
        [TN_LANGUAGE_HT] = "Gwoup ou a premye nan liy pò li a pou tiraj sa a. Pou mande lòt pò, "
                           "retire demann sa a anvan.",
        [TN_LANGUAGE_PT] = "Seu grupo é o primeiro na fila do seu porto para este sorteio. Para "
                           "pedir outros portos, retire antes este pedido.",
        [TN_LANGUAGE_RU] = "Ваша группа первая в очереди своего пункта на эту жеребьёвку. Чтобы "
                           "выбрать другие пункты, сначала отзовите заявку.",
    }},
};
/* NOLINTEND(bugprone-suspicious-missing-comma) */
